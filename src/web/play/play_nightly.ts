/**
 * The playground on WebGPU, by Chromium's software adapter (SwiftShader): what it draws is what the
 * page draws by WebAssembly. Compiling its programs takes a minute or more.
 */
import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { bundleOf, command, ignoreRuns } from "../../cli/testing.ts";
import { type BrowserPage, findChromium, openBrowser } from "../../report/browser.ts";

const chromium = findChromium();
const reason = ignoreRuns || (chromium === null ? "needs Chromium" : "");

const spec = `architecture: D
dataset: mnist
imageSize: 8
baseWidth: 8
classes: 10
data: { limit: 32 }
training: { images: 64, batchSize: 16 }
sampling: { steps: 3, count: 2, batchSize: 2, guidance: 2, clip: true, variance: posterior }
evaluation: { metrics: [] }
`;

const status = `document.getElementById("status").textContent`;

/** The images of three steps, drawn by an engine. */
async function drawnBy(page: BrowserPage, address: string): Promise<number[]> {
  await page.goto(address);
  await until(page, `document.getElementById("engine").textContent.startsWith("Ready")`);
  await page.evaluate(`document.getElementById("stop").click()`);
  await until(page, `!busy`);
  await page.evaluate(`(() => {
    for (const [name, value] of Object.entries({ count: 2, steps: 3, turn: 30 })) {
      form.elements.namedItem(name).value = value;
    }
    form.requestSubmit();
  })()`);
  await until(page, `/^Drawn/.test(${status})`);
  return await page.evaluate("[...drawing.moments[0][0].at(-1).state]");
}

async function until(page: BrowserPage, expression: string): Promise<void> {
  const endMs = performance.now() + 600_000;
  while (!await page.evaluate(expression)) {
    if (performance.now() > endMs) throw new Error(`${expression}: ${page.errors.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test({
  name: `the playground draws the same on WebGPU as on WebAssembly${reason && ` (${reason})`}`,
  ignore: reason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const page = await openBrowser(chromium ?? "", ["--enable-unsafe-webgpu"]);
    try {
      const file = join(folder, "tiny.yaml");
      Deno.writeTextFileSync(file, spec);
      const trained = await command(folder, ["run", file, "--engine", "cpu"]).result;
      assertEquals(trained.code, 0, trained.err);
      const target = join(folder, "play.html");
      const bundle = join(folder, bundleOf(trained.out).path);
      const made = await command(folder, ["play", bundle, "--out", target]).result;
      assertEquals(made.code, 0, made.err);
      const address = toFileUrl(target).href;
      const onWasm = await drawnBy(page, `${address}#wasm`);
      // Another address, so that the page is loaded again.
      const onGpu = await drawnBy(page, `${address}?gpu#webgpu`);
      const engine: string = await page.evaluate(`document.getElementById("engine").textContent`);
      assert(engine.includes("webgpu"), engine);
      assertEquals(onGpu.length, onWasm.length);
      const far = onGpu.filter((value, i) => Math.abs(value - (onWasm[i] ?? NaN)) > 1);
      assertEquals(far, []);
    } finally {
      await page.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
