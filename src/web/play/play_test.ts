import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { createSampler, noiseSchedule, toPixels } from "../../diffusion/mod.ts";
import { openEngine } from "../../engines/mod.ts";
import { decodeTensors } from "../../formats/safetensors.ts";
import {
  accessibilityFaults,
  type BrowserPage,
  findChromium,
  openBrowser,
} from "../../report/browser.ts";
import { bundleOf, command, ignoreRuns } from "../../cli/testing.ts";
import { compileUNet } from "../../unet/mod.ts";
import { workerProgram } from "./bundle.ts";
import { prepareModel } from "./model.ts";

const chromium = findChromium();
const reason = ignoreRuns || (chromium === null ? "needs Chromium" : "");

/** Class-conditional, with alias-free layers, of ten training steps; drawn by all that a page has. */
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

/** The bytes that the page has drawn last, of the first model and angle. */
const drawnPixels = "[...drawing.moments[0][0].at(-1).state]";

async function until(page: BrowserPage, expression: string): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!await page.evaluate(expression)) {
    if (performance.now() > deadlineMs) {
      const words = await page.evaluate(
        "document.querySelector('header').innerText + status.value",
      );
      throw new Error(`not within a minute: ${expression}\n${words}\n${page.errors.join("\n")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isDrawn = `/^Drawn/.test(document.getElementById("status").textContent)`;

/** What the engine `cpu` draws with the page's own weights. */
async function drawnByReference(bundle: string): Promise<number[]> {
  const { model, weights } = await prepareModel(bundle);
  const engine = await openEngine("cpu");
  const unet = compileUNet(
    model.network,
    decodeTensors(weights as Uint8Array<ArrayBuffer>, "page"),
  );
  const { imageSize, channels, classes } = model.network;
  const sampler = createSampler({
    engine,
    predict: unet.apply,
    imageShape: [imageSize, imageSize, channels],
    sampling: {
      ...model.sampling,
      sampler: "ancestral",
      steps: 6,
      eta: null,
      labels: [3],
      batchSize: 2,
      shift: { columns: 1, rows: 0, rule: "spread" },
    },
    classes,
    schedule: noiseSchedule(model.noise),
    seed: 7,
  });
  const images = await sampler.sample({ count: 2, angleDegrees: 30 });
  sampler.dispose();
  unet.dispose();
  return [...toPixels(images)];
}

Deno.test({
  name: `the playground's program needs nothing of Deno or Node${ignoreRuns && ` (${ignoreRuns})`}`,
  ignore: ignoreRuns !== "",
  fn: async () => {
    const program = new TextDecoder().decode(await workerProgram());
    // An import is left where a browser has no such module.
    assertEquals(program.match(/\bfrom"[^"]+"|\bimport"[^"]+"|"node:[a-z/]+"/g), null);
  },
});

Deno.test({
  name: `the playground draws what the engine cpu draws, and asks for nothing${
    reason && ` (${reason})`
  }`,
  ignore: reason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const browser = await openBrowser(chromium ?? "");
    try {
      const file = join(folder, "tiny.yaml");
      Deno.writeTextFileSync(file, spec);
      const trained = await command(folder, ["run", file, "--engine", "cpu"]).result;
      assertEquals(trained.code, 0, trained.err);
      const bundle = join(folder, bundleOf(trained.out).path);
      const made = await command(folder, ["play", bundle, "--out", join(folder, "play.html")])
        .result;
      assertEquals(made.code, 0, made.err);
      const page = Deno.readTextFileSync(join(folder, "play.html"));
      assert(page.length < 4.6e6, `${page.length} bytes`);
      await browser.goto(toFileUrl(join(folder, "play.html")).href);
      await until(browser, isDrawn);
      assertStringIncludes(
        await browser.evaluate(`document.getElementById("engine").textContent`),
        "by WebAssembly",
      );

      await browser.evaluate(`(() => {
        const fields = { seed: 7, count: 2, steps: 6, label: 3, turn: 30, columns: 1 };
        for (const [name, value] of Object.entries(fields)) {
          form.elements.namedItem(name).value = value;
        }
        form.requestSubmit();
      })()`);
      await until(browser, isDrawn);
      const drawn: number[] = await browser.evaluate(drawnPixels);
      const expected = await drawnByReference(bundle);
      assertEquals(drawn.length, expected.length);
      const differences = drawn.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
      // 1e-3 in [-1, 1] is an eighth of a level: it can cross a rounding, and no more.
      assert(differences.every((difference) => difference <= 1), String(differences));
      assert(differences.filter((difference) => difference > 0).length < drawn.length / 10);

      assertEquals(await accessibilityFaults(browser), []);
      const asked = browser.requests.filter((url) => !/^(file|blob|data):/.test(url));
      assertEquals(asked, []);
      assertEquals(browser.errors, []);
      await stops(browser);
    } finally {
      await browser.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

/** A long drawing stops when asked, and another one can begin. */
async function stops(page: BrowserPage): Promise<void> {
  await page.evaluate(`form.elements.namedItem("steps").value = 999; form.requestSubmit()`);
  await until(page, `drawing.moments[0][0].length > 3`);
  await page.evaluate(`document.getElementById("stop").click()`);
  await until(page, `document.getElementById("status").textContent === "Stopped."`);
  const steps: number = await page.evaluate(`drawing.moments[0][0].length`);
  assert(steps < 999, `${steps} steps`);
  await page.evaluate(`form.elements.namedItem("steps").value = 2; form.requestSubmit()`);
  await until(page, isDrawn);
}
