/**
 * The playground on WebGPU, with Chromium's software adapter (SwiftShader), draws the same as with
 * WebAssembly. Compiling its shaders takes a minute or more.
 */
import { assert, assertEquals } from "@std/assert";
import { toFileUrl } from "@std/path";
import { type BrowserPage, openBrowser } from "../../report/browser.ts";
import {
  chromium,
  drawnPixels,
  drawWith,
  isDrawn,
  skipReason,
  tinyPlayground,
  until,
} from "./testing.ts";

/** The images after three steps on an engine. */
async function drawnBy(page: BrowserPage, address: string): Promise<number[]> {
  await page.goto(address);
  await until(page, `document.getElementById("engine").textContent.startsWith("Ready")`, 600);
  await page.evaluate(`document.getElementById("stop").click()`);
  await until(page, `!busy`, 600);
  await drawWith(page, { count: 2, steps: 3, rotation: 30 });
  await until(page, isDrawn, 600);
  return await page.evaluate(drawnPixels);
}

Deno.test({
  name: `the playground draws the same on WebGPU as on WebAssembly${
    skipReason && ` (${skipReason})`
  }`,
  ignore: skipReason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const page = await openBrowser(chromium ?? "", ["--enable-unsafe-webgpu"]);
    try {
      const address = toFileUrl((await tinyPlayground(folder)).page).href;
      const onWasm = await drawnBy(page, `${address}#wasm`);
      // With another query, so that the page is loaded again.
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
