import { assert, assertEquals } from "@std/assert";
import { basename, fromFileUrl, join } from "@std/path";
import { openBundle } from "../bundle/open.ts";
import { packBundle } from "../bundle/pack.ts";
import { verifyBundle } from "../report/verify.ts";
import { wholeBundle } from "../runner/testing.ts";
import { processTest } from "../files/testing.ts";

const program = fromFileUrl(new URL("main.ts", import.meta.url));

processTest(
  "of three processes that unpack the same archive, one succeeds and the others say why not",
  async (folder) => {
    const path = await wholeBundle(folder);
    const { digest } = openBundle(path);
    const archive = join(folder, "sent.tar.gz");
    await packBundle(path, archive, verifyBundle);
    const into = join(folder, "into");
    const ends = await Promise.all(Array.from({ length: 3 }, async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--allow-read",
          "--allow-write",
          "--no-lock",
          program,
          "unpack",
          archive,
          into,
        ],
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: text(stdout), err: text(stderr) };
    }));
    const done = ends.filter(({ code }) => code === 0);
    assertEquals(done.length, 1, JSON.stringify(ends));
    assert(done[0]?.out.includes(digest));
    for (const { code, err } of ends) {
      assert(
        code === 0 || code === 2 && /has been working on it|already exists/.test(err),
        err,
      );
    }
    assertEquals([...Deno.readDirSync(into)].map(({ name }) => name), [basename(path)]);
  },
);
