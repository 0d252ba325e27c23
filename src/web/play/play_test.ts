import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toFileUrl } from "@std/path";
import { createSampler, noiseSchedule, toPixels } from "../../diffusion/mod.ts";
import { openEngine } from "../../engines/mod.ts";
import { decodeTensors } from "../../formats/safetensors.ts";
import { accessibilityFaults, type BrowserPage, openBrowser } from "../../report/browser.ts";
import { ignoreRuns } from "../../cli/testing.ts";
import { compileUNet } from "../../unet/mod.ts";
import { workerProgram } from "./bundle.ts";
import { prepareModel } from "./model.ts";
import {
  chromium,
  drawnPixels,
  drawWith,
  isDrawn,
  skipReason,
  tinyPlayground,
  until,
} from "./testing.ts";

/** The pixels that the engine `cpu` draws with the page's own weights. */
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
  name: `the playground's program imports nothing from Deno or Node${
    ignoreRuns && ` (${ignoreRuns})`
  }`,
  ignore: ignoreRuns !== "",
  fn: async () => {
    const program = new TextDecoder().decode(await workerProgram());
    // The bundler keeps imports of modules that a browser does not have.
    assertEquals(program.match(/\bfrom"[^"]+"|\bimport"[^"]+"|"node:[a-z/]+"/g), null);
  },
});

Deno.test({
  name: `the playground draws what the engine cpu draws, without requests${
    skipReason && ` (${skipReason})`
  }`,
  ignore: skipReason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const browser = await openBrowser(chromium ?? "");
    try {
      const { bundle, page } = await tinyPlayground(folder);
      const { size } = Deno.statSync(page);
      assert(size < 4.6e6, `${size} bytes`);
      await browser.goto(toFileUrl(page).href);
      await until(browser, isDrawn);
      assertStringIncludes(
        await browser.evaluate(`document.getElementById("engine").textContent`),
        "drawing on the CPU with WebAssembly",
      );

      await drawWith(browser, { seed: 7, count: 2, steps: 6, label: 3, rotation: 30, columns: 1 });
      await until(browser, isDrawn);
      const drawn: number[] = await browser.evaluate(drawnPixels);
      const expected = await drawnByReference(bundle);
      assertEquals(drawn.length, expected.length);
      const differences = drawn.map((value, i) => Math.abs(value - (expected[i] ?? NaN)));
      // 1e-3 in [-1, 1] is an eighth of a level, which can change the rounding by one level.
      assert(differences.every((difference) => difference <= 1), String(differences));
      assert(differences.filter((difference) => difference > 0).length < drawn.length / 10);

      assertEquals(await accessibilityFaults(browser), []);
      const requests = browser.requests.filter((url) => !/^(file|blob|data):/.test(url));
      assertEquals(requests, []);
      assertEquals(browser.errors, []);
      await assertStops(browser);
    } finally {
      await browser.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

/** A long drawing can be stopped, and another one started. */
async function assertStops(page: BrowserPage): Promise<void> {
  await drawWith(page, { steps: 999 });
  await until(page, `drawing.steps[0][0].length > 3`);
  await page.evaluate(`document.getElementById("stop").click()`);
  await until(page, `document.getElementById("status").textContent === "Stopped."`);
  const steps: number = await page.evaluate(`drawing.steps[0][0].length`);
  assert(steps < 999, `${steps} steps`);
  await drawWith(page, { steps: 2 });
  await until(page, isDrawn);
}
