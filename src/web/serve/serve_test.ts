import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exampleBundle, examplePayload } from "../../bundle/testing.ts";
import { encodePng } from "../../formats/png.ts";
import { accessibilityFaults, findChromium, openBrowser } from "../../report/browser.ts";
import { serveFolder } from "./folder.ts";
import { accessTo } from "./guard.ts";
import { listen } from "./listen.ts";
import { serveHandler } from "./server.ts";

const canWrite = (["read", "write"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);
const reason = canWrite ? "" : " (needs --allow-all)";
const chromium = findChromium();

/** A folder with two finished bundles, an unfinished run, and files that must not be served. */
function exampleFolder(): string {
  const root = Deno.makeTempDirSync();
  const out = join(root, "out");
  const work = join(out, ".work", "0123456789abcdef");
  Deno.mkdirSync(work, { recursive: true });
  Deno.writeTextFileSync(join(root, "secret.png"), "secret");
  exampleBundle(join(out, "first-0123456789ab"), examplePayload());
  exampleBundle(join(out, "second-0123456789ab"), examplePayload());
  const picture = encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
  Deno.writeFileSync(join(out, "second-0123456789ab", "data", "grid.png"), picture);
  Deno.symlinkSync(root, join(out, "leads-out"));
  Deno.symlinkSync(join(root, "secret.png"), join(out, "first-0123456789ab", "data", "link.png"));
  const time = new Date().toISOString();
  const lines = [
    { event: "start", name: "<b>mine</b>", model: "D-2N", dataset: "mnist", run: "ab" },
    { event: "phase", phase: "training", total: 100, unit: "steps" },
    ...[1, 2, 3].map((step) => ({
      event: "step",
      step,
      steps: 100,
      epoch: 1,
      loss: 1 / step,
      imagesPerSecond: 40,
      learningRate: 1e-3,
      memoryBytes: 1,
    })),
    ...[1, 2].map((step) => ({
      event: "score",
      metric: "classifier-<kid>",
      value: 1 / step,
      standardError: null,
      step,
      of: "64 images",
    })),
    { event: "message", text: "engine: <script>alert(1)</script>" },
  ];
  const text = lines.map((line) => `${JSON.stringify({ time, ...line })}\n`).join("");
  Deno.writeTextFileSync(join(work, "progress.jsonl"), text);
  return out;
}

/** A function that requests paths from the server of a folder. */
function requester(out: string) {
  const respond = serveHandler(serveFolder(out), accessTo("127.0.0.1", 8017));
  return async (path: string, method = "GET") => {
    const headers = { Host: "127.0.0.1:8017" };
    const response = await respond(
      new Request(`http://127.0.0.1:8017${path}`, { method, headers }),
    );
    return { response, text: response.body && response.ok ? await response.text() : "" };
  };
}

Deno.test({
  name: `serve: runs, bundles, reports and pictures have pages${reason}`,
  ignore: !canWrite,
  fn: async () => {
    const out = exampleFolder();
    const get = requester(out);
    const list = await get("/");
    assertEquals(list.response.status, 200);
    for (
      const words of [
        "first",
        "second-0123456789ab</a>",
        "&lt;b&gt;mine&lt;/b&gt;",
        "training: 3 of 100",
      ]
    ) {
      assertStringIncludes(list.text, words);
    }
    const run = await get("/run/0123456789abcdef");
    assertStringIncludes(run.text, "Diagram: the training loss");
    assertStringIncludes(run.text, "Diagram: classifier-&lt;kid&gt; over the training steps");
    assertStringIncludes(run.text, "classifier-&lt;kid&gt; of 64 images: 0.5000 at step 2.");
    assertStringIncludes(run.text, "&lt;script&gt;alert(1)");
    assertStringIncludes((await get("/bundle/second-0123456789ab")).text, "Verify all files");
    assertStringIncludes((await get("/bundle/second-0123456789ab/report")).text, "<!DOCTYPE html>");
    assertStringIncludes((await get("/bundle/second-0123456789ab/verify")).text, "erified");
    const compare = "/compare?bundle=first-0123456789ab&bundle=second-0123456789ab";
    assertStringIncludes((await get(compare)).text, "the same spec");
    const grid = await get("/bundle/second-0123456789ab/file/data/grid.png");
    assertEquals(grid.response.headers.get("Content-Type"), "image/png");
    Deno.removeSync(join(out, ".."), { recursive: true });
  },
});

Deno.test({
  name: `serve: no file outside the folder is served, and nothing can be changed${reason}`,
  ignore: !canWrite,
  fn: async () => {
    const out = exampleFolder();
    const get = requester(out);
    const inside = "/bundle/first-0123456789ab/file";
    for (
      const path of [
        "/bundle/..%2f..%2fetc%2fpasswd",
        "/bundle/leads-out",
        "/bundle/.work",
        `${inside}/data/link.png`,
        `${inside}/..%2f..%2f..%2fsecret.png`,
        `${inside}/data/..%2f..%2f..%2f..%2fsecret.png`,
        `${inside}/data/model.safetensors`,
        `${inside}/report.html`,
        "/run/0123456789abcdef/progress.jsonl",
        "/run/0123456789abcdef/preview-..%2fx.png",
        "/run/ffffffffffffffff",
        "/%",
        "/bundle/%ff",
        "/nothing",
      ]
    ) {
      const { response, text } = await get(path);
      assertEquals([path, response.status], [path, 404]);
      assert(!text.includes("secret"), path);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      assertEquals((await get("/", method)).response.status, 405);
    }
    const policy = (await get("/")).response.headers.get("Content-Security-Policy") ?? "";
    assertStringIncludes(policy, "default-src 'none'");
    assert(!policy.includes("unsafe-inline"));
    Deno.removeSync(join(out, ".."), { recursive: true });
  },
});

Deno.test({
  name: `serve in a browser: accessible, live, no errors${
    chromium === null ? " (needs all permissions and Chromium)" : ""
  }`,
  ignore: chromium === null,
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const out = exampleFolder();
    const server = listen(out, { hostname: "127.0.0.1", port: 0 });
    const browser = await openBrowser(chromium ?? "");
    try {
      for (const path of ["", "run/0123456789abcdef", "bundle/second-0123456789ab"]) {
        await browser.goto(server.address + path);
        assertEquals(await accessibilityFaults(browser), [], path);
        const isWide = "document.documentElement.scrollWidth > innerWidth";
        await browser.screenshot(360, { dark: true });
        assertEquals(await browser.evaluate(isWide), false, path);
      }
      await browser.goto(`${server.address}run/0123456789abcdef`);
      const diary = join(out, ".work", "0123456789abcdef", "progress.jsonl");
      const line = { time: new Date().toISOString(), event: "message", text: "something new" };
      Deno.writeTextFileSync(diary, `${JSON.stringify(line)}\n`, { append: true });
      const log = `document.getElementById("log").textContent`;
      for (let i = 0; i < 100 && !(await browser.evaluate(log)).includes("new"); i++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assertStringIncludes(await browser.evaluate(log), "something new");
      assertEquals(browser.errors, []);
      const others = browser.requests.filter((url) => !url.startsWith(server.address));
      assertEquals(others.filter((url) => !url.startsWith("data:")), []);
    } finally {
      await browser.close();
      await server.stop();
      Deno.removeSync(join(out, ".."), { recursive: true });
    }
  },
});
