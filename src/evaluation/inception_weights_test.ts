import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import { findInceptionWeights } from "./inception_weights.ts";

const granted = (...names: string[]) =>
  names.every((name) =>
    Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
  );

Deno.test({
  name: "the Inception weights are downloaded once, and nothing else is accepted " +
    "(needs --allow-read --allow-write --allow-net)",
  ignore: !granted("read", "write", "net"),
  async fn() {
    const dataRoot = Deno.makeTempDirSync();
    const messages: string[] = [];
    const requested: string[] = [];
    const small = "small weights";
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      requested.push(pathname);
      if (pathname === "/moved") {
        return new Response(null, { status: 302, headers: { location: "/weights" } });
      }
      if (pathname === "/weights") return new Response(small);
      if (pathname === "/long") return new Response(small + small);
      return pathname === "/cut"
        ? new Response(new ReadableStream({ start: (stream) => stream.error(new Error("gone")) }))
        : new Response("what?", { status: pathname === "/other" ? 200 : 404 });
    });
    const address = `http://127.0.0.1:${server.addr.port}`;
    const find = (path: string, digest = sha256(small)) =>
      findInceptionWeights({
        path: "",
        dataRoot,
        onMessage: (text) => messages.push(text),
        release: { url: address + path, sha256: digest, bytes: small.length },
      });
    try {
      const failures = {
        "/other": "not",
        "/absent": "answers 404",
        "/cut": "There are no Inception weights (",
        "/long": "more than the 13 bytes",
      };
      for (const [path, reason] of Object.entries(failures)) {
        assertEquals(await find(path), null);
        assertStringIncludes(messages.at(-1)!, reason);
        assertEquals([...Deno.readDirSync(dataRoot)], [], "nothing wrong is kept");
      }
      const prefix = sha256(small).slice(0, 8);
      assertEquals(await find("/weights", prefix), null, "eight digits are not enough");
      const fetched = await find("/moved");
      assertEquals([fetched?.digest, fetched?.published], [sha256(small), true]);
      assertEquals(new TextDecoder().decode(fetched!.bytes), small);
      requested.length = 0;
      assertEquals((await find("/weights"))?.digest, sha256(small));
      assertEquals(requested, [], "the file is kept");
      await assertRejects(() => find("/weights", prefix), UserError, "damaged");
    } finally {
      await server.shutdown();
    }
    Deno.removeSync(dataRoot, { recursive: true });
    Deno.mkdirSync(dataRoot);
    assertEquals(await find("/weights"), null, "without a network");

    const own = join(dataRoot, "own.pth");
    const named = (path: string) => findInceptionWeights({ path, dataRoot });
    Deno.writeTextFileSync(own, "mine");
    assertEquals([(await named(own))?.digest, (await named(own))?.published], [
      sha256("mine"),
      false,
    ]);
    await assertRejects(() => named(join(dataRoot, "absent")), UserError, "absent");
    Deno.removeSync(dataRoot, { recursive: true });
  },
});
