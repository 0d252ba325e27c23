/**
 * How much memory a container lets this process have. Linux ends a process that takes more, without
 * a word to it. Control groups, versions 1 and 2:
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files and
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
import { dirname, join } from "@std/path";

/** Version 1 says "no limit" by the largest multiple of the page size. */
const noLimit = 2 ** 60;

/**
 * The least of the limits of this process's control group and of those around it, in bytes; null
 * where there is none, or the system does not tell.
 *
 * @param root in which /proc and /sys lie; another one for tests
 */
export function memoryLimit(root = "/"): number | null {
  const limits = (read(join(root, "proc/self/cgroup")) ?? "").split("\n").flatMap((line) => {
    const [, controllers, path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "") return limitsOf(join(root, "sys/fs/cgroup"), path, "memory.max");
    if (!controllers?.split(",").includes("memory")) return [];
    return limitsOf(join(root, "sys/fs/cgroup/memory"), path, "memory.limit_in_bytes");
  });
  return limits.length === 0 ? null : Math.min(...limits);
}

/**
 * The limits of a group and of those around it. A container may see its own group as the root,
 * while the path is that of the machine: groups that it cannot see are passed over.
 */
function limitsOf(mount: string, path: string, file: string): number[] {
  const limits: number[] = [];
  for (let group = join("/", path);; group = dirname(group)) {
    const text = read(join(mount, group, file))?.trim();
    const bytes = text && /^\d+$/.test(text) ? Number(text) : noLimit;
    if (bytes < noLimit) limits.push(bytes);
    if (group === "/") return limits;
  }
}

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // No such group here, not Linux, or no permission.
  }
}
