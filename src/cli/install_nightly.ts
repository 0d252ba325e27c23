// The installed command: the line in docs/verbs.md, used in another folder.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { bundleOf, ignoreRuns, start, tinySpec, withFolder } from "./testing.ts";

const project = fromFileUrl(new URL("../../", import.meta.url));
const ignore = ignoreRuns || (Deno.build.os === "windows" ? "needs a Unix" : "");

Deno.test({
  name: `install: a command for any folder, with out/ and data/ there${ignore && ` (${ignore})`}`,
  ignore: ignore !== "",
  fn: () =>
    withFolder(
      async (folder) => {
        const root = await Deno.makeTempDir({ prefix: "install-" });
        const env = {
          DENO_INSTALL_ROOT: root,
          PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
        };
        try {
          const page = Deno.readTextFileSync(join(project, "docs/verbs.md"));
          const [line = ""] = /^deno install .*$/m.exec(page) ?? [];
          const [, ...words] = line.split(" ");
          const installed = await start(project, [Deno.execPath(), ...words], env).result;
          assertEquals(installed.code, 0, installed.err);
          assert(!installed.err.includes("build scripts"), installed.err);

          const name = words[words.indexOf("--name") + 1] ?? "";
          const program = join(root, "bin", name);
          const named = await start(folder, [program, "name", "tiny.yaml"], env).result;
          assertEquals([named.code, named.err], [0, ""]);
          const ran = await start(folder, [program, "run", "tiny.yaml", "--engine", "cpu"], env)
            .result;
          assertEquals(ran.code, 0, ran.err);
          const { path } = bundleOf(ran.out);
          assertEquals(dirname(path), "out");
          const verified = await start(folder, [program, "verify", path], env).result;
          assertStringIncludes(verified.out, `${path}: verified`);
          assertEquals(
            [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
            ["data", "out", "tiny.yaml"],
          );

          const removal = [Deno.execPath(), "uninstall", "--global", name];
          const removed = await start(project, removal, env).result;
          assertEquals(removed.code, 0, removed.err);
          assertEquals([...Deno.readDirSync(join(root, "bin"))], []);
        } finally {
          await Deno.remove(root, { recursive: true });
        }
      },
      tinySpec.replace("images: 80", "images: 16"),
    ),
});
