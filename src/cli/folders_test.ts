import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { defaultFolder, expandHome } from "./folders.ts";
import { ignoreRuns, tinySpec, withFolder } from "./testing.ts";

const ignore = ignoreRuns !== "";
const root = fromFileUrl(new URL("../../", import.meta.url));
const project = ignore ? root : Deno.realPathSync(root);
const why = ignoreRuns && ` (${ignoreRuns})`;

/** The exit code and output of `deno task` in a folder. */
async function task(cwd: string, ...args: string[]) {
  const { INIT_CWD: _, ...environment } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", join(project, "deno.json"), ...args],
    cwd,
    // INIT_CWD would name the folder of the task that runs the tests.
    clearEnv: true,
    env: { ...environment, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test({
  name: `folders: paths are relative to the user's folder, also in a task${why}`,
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const here = await task(folder, "name", "tiny.yaml");
      assertEquals([here.code, here.err], [0, ""]);
      const below = join(folder, "below");
      Deno.mkdirSync(below);
      assertEquals(await task(below, "name", "../tiny.yaml"), here);
      const own = await task(join(project, "experiments"), "name", "quickstart.yaml");
      assertEquals([own.code, own.err], [0, ""]);
      const missing = await task(below, "name", "tiny.yaml");
      assertEquals(missing.code, 2);
      assert(
        missing.err.includes(`paths are relative to ${Deno.realPathSync(below)}`),
        missing.err,
      );
    }, tinySpec),
});

Deno.test({
  name: `folders: out and data are the project's inside it, otherwise the current folder's${why}`,
  ignore,
  fn() {
    const before = Deno.cwd();
    const elsewhere = Deno.makeTempDirSync();
    try {
      const found = [project, join(project, "experiments/paper"), elsewhere].map((folder) => {
        Deno.chdir(folder);
        return defaultFolder("out");
      });
      assertEquals(found, ["out", join("..", "..", "out"), "out"]);
    } finally {
      Deno.chdir(before);
      Deno.removeSync(elsewhere);
    }
  },
});

Deno.test({
  name: `folders: ~/ at the start of a value is the home folder${why}`,
  ignore: ignore || Deno.build.os === "windows",
  fn() {
    const before = Deno.env.get("HOME");
    try {
      Deno.env.set("HOME", "/home/me/");
      const words = ["~/a b", "--out=~/x", "data.path=~/photos", "a~/b", "~", "x/~/y", "a=b=~/c"];
      assertEquals(words.map(expandHome), [
        "/home/me/a b",
        "--out=/home/me/x",
        "data.path=/home/me/photos",
        ...["a~/b", "~", "x/~/y", "a=b=~/c"],
      ]);
      Deno.env.set("HOME", "");
      assertThrows(() => expandHome("--out=~/x"), UserError, "cannot expand ~");
    } finally {
      if (before !== undefined) Deno.env.set("HOME", before);
    }
  },
});
