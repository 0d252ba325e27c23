import { assert, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../errors.ts";
import { acquireLock } from "./lock.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";
const files = granted("read") && granted("write");

Deno.test({
  name: "a lock is held by one, and free again when let go (needs files)",
  ignore: !files,
  fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, ".run.lock");
    const lock = acquireLock(path, "this run");
    const error = assertThrows(
      () => acquireLock(path, "this run"),
      UserError,
      "this run: process ",
    );
    assertStringIncludes(error.message, String(Deno.pid));
    lock.release();
    lock.release();
    assert([...Deno.readDirSync(folder)].length === 0);
    Deno.writeTextFileSync(path, '{"pid":1,"host":"left by a killed owner","since":"long ago"}');
    {
      using _again = acquireLock(path);
      assertThrows(() => acquireLock(path), UserError, `process ${Deno.pid} `);
    }
    acquireLock(path).release();
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "another process's lock is respected, and lost with its life (needs files and --allow-run)",
  ignore: !files || !granted("run"),
  async fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, ".run.lock");
    const module = new URL("./lock.ts", import.meta.url).href;
    const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
    const code = `import { acquireLock } from ${JSON.stringify(module)};
      acquireLock(${JSON.stringify(path)});
      console.log("held");
      setTimeout(() => {}, 1e9);`;
    Deno.writeTextFileSync(join(folder, "holder.ts"), code);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", config, join(folder, "holder.ts")],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertStringIncludes(new TextDecoder().decode(value), "held");
    const error = assertThrows(() => acquireLock(path), UserError);
    assertStringIncludes(error.message, `process ${child.pid} on `);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    acquireLock(path).release();
    Deno.removeSync(folder, { recursive: true });
  },
});
