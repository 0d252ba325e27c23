import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { tinySpec } from "../cli/testing.ts";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { filesTest, processTest } from "../files/testing.ts";
import { likelyMemory, requireMemory } from "./memory.ts";
import { memoryLimit } from "./memory_limit.ts";

/** A root folder with /proc/self/cgroup and limits in files of /sys/fs/cgroup. */
function system(folder: string, cgroup: string, limits: Record<string, string>): string {
  Deno.mkdirSync(join(folder, "proc", "self"), { recursive: true });
  Deno.writeTextFileSync(join(folder, "proc", "self", "cgroup"), cgroup);
  for (const [path, text] of Object.entries(limits)) {
    const file = join(folder, "sys", "fs", "cgroup", path);
    Deno.mkdirSync(join(file, ".."), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }
  return folder;
}

const systems: [what: string, cgroup: string, limits: Record<string, string>, number | null][] = [
  ["version 2, in a container", "0::/\n", { "memory.max": "419430400\n" }, 419430400],
  ["version 2, without a limit", "0::/user.slice\n", { "user.slice/memory.max": "max\n" }, null],
  ["version 2, a limit of the parent group", "0::/job/step\n", {
    "job/memory.max": "1000000\n",
    "job/step/memory.max": "2000000\n",
  }, 1000000],
  ["version 1, its own group", "9:name=systemd:/\n4:cpu,memory:/docker/ab\n0::/\n", {
    "memory/memory.limit_in_bytes": "9223372036854771712\n",
    "memory/docker/ab/memory.limit_in_bytes": "419430400\n",
  }, 419430400],
  ["version 1, seen from inside the container", "4:memory:/docker/ab\n", {
    "memory/memory.limit_in_bytes": "419430400\n",
  }, 419430400],
  ["version 1, without a limit", "4:memory:/\n", {
    "memory/memory.limit_in_bytes": "9223372036854771712\n",
  }, null],
  ["a file that cannot be parsed", "what?\n0::/../..\n", { "memory.max": "-1\n" }, null],
];

for (const [what, cgroup, limits, expected] of systems) {
  filesTest(`a container's memory: ${what}`, (folder) => {
    assertEquals(memoryLimit(system(folder, cgroup, limits)), expected);
  });
}

filesTest("a container's memory: no limit without control groups", (folder) => {
  assertEquals(memoryLimit(folder), null);
});

Deno.test("a run that does not fit into its container is refused, with its likely memory", () => {
  const engine = { device: "cpu", largestTensor: null } as Engine;
  const gpu = { ...engine, device: "cuda" } as Engine;
  const spec = (text: string, ...overrides: string[]) => resolveSpec(parseSpec(text), overrides);
  const tiny = spec(tinySpec);
  // Measured: 354 MB while writing the bundle.
  assert(likelyMemory(tiny, 16, true) < 354e6);
  requireMemory(tiny, engine, { images: 16, total: 64e9, limit: 400e6 });
  const error = assertThrows(
    () => requireMemory(tiny, engine, { images: 16, total: 64e9, limit: 300e6 }),
    UserError,
  );
  assertMatch(error.message, /needs at least 0\.34 GB of memory, and this container has/);
  assertThrows(() => requireMemory(tiny, gpu, { images: 16, limit: 300e6 }), UserError);
  // Scoring, at the end, takes more than this small training.
  const scored = spec(tinySpec, "evaluation.metrics=[fid]");
  assertThrows(() => requireMemory(scored, engine, { images: 16, limit: 400e6 }), UserError);
  // Measured for the published D-2N: 1,223 MB.
  const published = spec("architecture: D\ndataset: mnist\nevaluation: { metrics: [] }");
  assert(likelyMemory(published, 48, true) < 1223e6);
  assertThrows(() => requireMemory(published, engine, { images: 48, limit: 800e6 }), UserError);
});

/** Creates a control group with a limit; null if this process may not. */
function makeGroup(bytes: number): string | null {
  const name = `limited-${crypto.randomUUID()}`;
  const kinds = [["memory", "memory.limit_in_bytes"], [".", "memory.max"]] as const;
  for (const [mount, file] of kinds) {
    const group = join("/sys/fs/cgroup", mount, name);
    try {
      Deno.mkdirSync(group);
    } catch {
      continue;
    }
    try {
      Deno.writeTextFileSync(join(group, file), `${bytes}`, { create: false });
      return group;
    } catch {
      Deno.removeSync(group);
    }
  }
  return null;
}

/** Removes a group, which the kernel releases a moment after its last process has ended. */
async function removeGroup(group: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return Deno.removeSync(group);
    } catch {
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}

const probe = Deno.build.os === "linux" ? makeGroup(1e9) : null;
if (probe !== null) Deno.removeSync(probe);

processTest(
  "a run that exceeds its container's 300 MB is refused at the start, not killed at the end",
  async (folder) => {
    const group = makeGroup(300e6);
    if (group === null) throw new Error("there is no control group any more");
    try {
      Deno.writeTextFileSync(join(folder, "tiny.yaml"), tinySpec);
      const main = fromFileUrl(new URL("../cli/main.ts", import.meta.url));
      const { code, stderr } = await new Deno.Command("sh", {
        args: [
          "-c",
          `echo $$ > ${group}/cgroup.procs && exec "$@"`,
          "sh",
          ...[
            Deno.execPath(),
            "run",
            "-A",
            "--no-lock",
            main,
            "run",
            "tiny.yaml",
            "--engine",
            "cpu",
          ],
        ],
        cwd: folder,
        env: { INIT_CWD: folder },
      }).output();
      const err = new TextDecoder().decode(stderr);
      assertEquals(code, 2, err);
      assertMatch(err, /this container has 0\.3 GB/);
    } finally {
      await removeGroup(group);
    }
  },
  probe === null ? "needs Linux and permission to create a control group" : "",
);
