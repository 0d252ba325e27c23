/**
 * The memory limit that a container sets for this process. Linux kills a process that exceeds it
 * without warning. Control groups, versions 1 and 2:
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files and
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
import { dirname, join } from "@std/path";

/** Version 1 writes "no limit" as the largest multiple of the page size. */
const noLimit = 2 ** 60;

/**
 * The lowest limit of this process's control group and of the groups that contain it, in bytes;
 * null if there is none or it is unknown.
 *
 * @param root the folder of /proc and /sys; tests pass their own
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
 * The limits of a group and of the groups that contain it. A container may see its own group as the
 * root although the path is the machine's; groups that it cannot see are skipped.
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
