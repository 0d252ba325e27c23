import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import gnu from "../formats/fixtures/gnu.tar.gz" with { type: "bytes" };
import { sha256 } from "../formats/sha256.ts";
import type { Archive } from "./archives.ts";
import { fetchDataset } from "./fetch.ts";

const needed = ["read", "write", "net"] as const;
const ignore = needed.some((name) => Deno.permissions.querySync({ name }).state !== "granted");

/**
 * The server's behaviour: how many of the requested bytes it sends, and whether it supports ranges.
 */
interface Behaviour {
  sends: Uint8Array<ArrayBuffer>;
  breaksAfter?: number;
  ranges?: boolean;
  status?: number;
}

/** Runs with a temporary folder and a server that records the requested ranges. */
async function withServer(
  run: (dataRoot: string, url: string, server: Behaviour, asked: string[]) => Promise<void>,
) {
  const dataRoot = await Deno.makeTempDir();
  const asked: string[] = [];
  const behaviour: Behaviour = { sends: gnu };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const range = request.headers.get("range");
    asked.push(range ?? "all");
    const { sends, breaksAfter = Infinity, ranges = true, status } = behaviour;
    if (status) return new Response("no", { status });
    const from = range && ranges ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
    const body = sends.slice(from, breaksAfter);
    if (!(range && ranges)) return new Response(body);
    const headers = { "content-range": `bytes ${from}-${sends.length - 1}/${sends.length}` };
    return new Response(body, { status: 206, headers });
  });
  try {
    await run(dataRoot, `http://127.0.0.1:${server.addr.port}/`, behaviour, asked);
  } finally {
    await server.shutdown();
    await Deno.remove(dataRoot, { recursive: true });
  }
}

const archiveAt = (url: string, tar = true): Archive => ({
  file: "set.tar.gz",
  urls: [`${url}set.tar.gz`],
  bytes: gnu.length,
  sha256: sha256(gnu),
  ...tar ? { tar: { bytes: 10_000, entries: 10 } } : {},
});

/** The names of all files under a folder. */
function tree(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? tree(join(folder, name)).map((below) => `${name}/${below}`) : [name]
  ).sort();
}

function test(name: string, run: Parameters<typeof withServer>[0]) {
  Deno.test(
    `${name} (needs --allow-read, --allow-write, --allow-net)`,
    { ignore },
    () => withServer(run),
  );
}

const long = "long".repeat(30);

test(
  "an archive is fetched, checked and unpacked; no other file is left",
  async (dataRoot, url) => {
    const progress: number[] = [];
    const folder = await fetchDataset(
      "set",
      [archiveAt(url)],
      dataRoot,
      (_, done) => progress.push(done),
    );
    assertEquals(tree(dataRoot), ["set/a/b/c.txt", "set/a/empty", `set/a/${long}/file.txt`]);
    assertEquals(await Deno.readTextFile(join(folder, "a/b/c.txt")), "hello\n");
    assert(progress.includes(gnu.length));
    await assertRejects(
      () => fetchDataset("set", [archiveAt(url)], dataRoot),
      UserError,
      "already exists",
    );
  },
);

test("archives that the reader opens are not unpacked", async (dataRoot, url) => {
  await fetchDataset("set", [archiveAt(url, false)], dataRoot);
  assertEquals(tree(dataRoot), ["set/set.tar.gz"]);
});

test(
  "after a broken connection, only the rest is requested",
  async (dataRoot, url, server, asked) => {
    server.breaksAfter = 100;
    const error = await assertRejects(
      () => fetchDataset("set", [archiveAt(url)], dataRoot),
      UserError,
      "100 of",
    );
    assert(
      error.message.includes(sha256(gnu)) &&
        error.message.includes(join(".downloads", "set", "set.tar.gz")),
    );
    assertEquals(tree(dataRoot), [".downloads/set/set.tar.gz"]);
    server.breaksAfter = 150;
    await assertRejects(() => fetchDataset("set", [archiveAt(url)], dataRoot), UserError, "150 of");
    delete server.breaksAfter;
    await fetchDataset("set", [archiveAt(url)], dataRoot);
    assertEquals(asked, ["all", "bytes=100-", "bytes=150-"]);
    assertEquals(tree(dataRoot).length, 3);
  },
);

test("a server without ranges sends the whole file again", async (dataRoot, url, server) => {
  server.breaksAfter = 100;
  await assertRejects(() => fetchDataset("set", [archiveAt(url)], dataRoot), UserError);
  Object.assign(server, { breaksAfter: undefined, ranges: false });
  await fetchDataset("set", [archiveAt(url)], dataRoot);
  assertEquals(tree(dataRoot).length, 3);
});

test(
  "if one server fails, the next one is asked; a file saved by hand is used",
  async (dataRoot, url, server) => {
    const archive = {
      ...archiveAt(url),
      urls: ["http://127.0.0.1:1/set.tar.gz", `${url}set.tar.gz`],
    };
    await fetchDataset("set", [archive], dataRoot);
    server.status = 404;
    const missing = await assertRejects(
      () => fetchDataset("other", [archive], dataRoot),
      UserError,
      "404",
    );
    assert(missing.message.includes("127.0.0.1:1"));
    await Deno.writeFile(join(dataRoot, ".downloads/other/set.tar.gz"), gnu);
    await fetchDataset("other", [archive], dataRoot);
    assertEquals(tree(join(dataRoot, "other")).length, 3);
  },
);

test("a file with another digest is never unpacked", async (dataRoot, url, server) => {
  server.sends = gnu.map((byte, i) => i === 50 ? byte ^ 1 : byte);
  await assertRejects(() => fetchDataset("set", [archiveAt(url)], dataRoot), UserError, "SHA-256");
  server.sends = Uint8Array.from([...gnu, 0]);
  await assertRejects(
    () => fetchDataset("set", [archiveAt(url)], dataRoot),
    UserError,
    "more bytes than the archive has",
  );
  assertEquals(tree(dataRoot), [".downloads/set/set.tar.gz"]);
  server.sends = gnu;
  const small = { ...archiveAt(url), tar: { bytes: 8, entries: 10 } };
  await assertRejects(() => fetchDataset("set", [small], dataRoot), UserError, "more than 8 bytes");
  assertEquals(tree(dataRoot), [".downloads/set/set.tar.gz"]);
});

test(
  "two processes that fetch the same dataset at once fetch it once",
  async (dataRoot, url, _server, asked) => {
    const fetch = () => fetchDataset("set", [archiveAt(url)], dataRoot);
    const folders = await Promise.all([fetch(), fetch()]);
    assertEquals(folders, [join(dataRoot, "set"), join(dataRoot, "set")]);
    assertEquals(asked.length, 1);
    assertEquals(tree(dataRoot).filter((path) => path.startsWith(".downloads")), []);
  },
);
