/** Helpers for tests of the playground in a browser. */
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import { bundleOf, command, ignoreRuns } from "../../cli/testing.ts";
import { type BrowserPage, findChromium } from "../../report/browser.ts";

/** The command of Chromium, or null. */
export const chromium: string | null = findChromium();

/** Why tests in a browser are skipped; empty if they run. */
export const skipReason: string = ignoreRuns || (chromium === null ? "needs Chromium" : "");

/** A class-conditional model with alias-free layers, which trains for four steps. */
const tinySpec = `architecture: D
dataset: mnist
imageSize: 8
baseWidth: 8
classes: 10
data: { limit: 32 }
training: { images: 64, batchSize: 16 }
sampling: { steps: 3, count: 2, batchSize: 2, guidance: 2, clip: true, variance: posterior }
evaluation: { metrics: [] }
`;

/** Trains a tiny model and writes its page, by the command line. */
export async function tinyPlayground(folder: string): Promise<{ bundle: string; page: string }> {
  const spec = join(folder, "tiny.yaml");
  const page = join(folder, "play.html");
  Deno.writeTextFileSync(spec, tinySpec);
  const trained = await command(folder, ["run", spec, "--engine", "cpu"]).result;
  assertEquals(trained.code, 0, trained.err);
  const bundle = join(folder, bundleOf(trained.out).path);
  const written = await command(folder, ["play", bundle, "--out", page]).result;
  assertEquals(written.code, 0, written.err);
  return { bundle, page };
}

/** Waits until an expression is true in the page. */
export async function until(page: BrowserPage, expression: string, seconds = 60): Promise<void> {
  const deadlineMs = performance.now() + 1000 * seconds;
  while (!await page.evaluate(expression)) {
    if (performance.now() > deadlineMs) {
      const text: string = await page.evaluate(
        `document.querySelector("header").innerText + document.getElementById("status").innerText`,
      );
      throw new Error(
        `not within ${seconds} s: ${expression}\n${text}\n${page.errors.join("\n")}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Sets fields of the page's form and draws. */
export async function drawWith(
  page: BrowserPage,
  fields: Readonly<Record<string, number>>,
): Promise<void> {
  await page.evaluate(`(() => {
    for (const [name, value] of Object.entries(${JSON.stringify(fields)})) {
      form.elements.namedItem(name).value = value;
    }
    form.requestSubmit();
  })()`);
}

/** Whether the drawing is complete, as an expression in the page. */
export const isDrawn = `/^Drawn/.test(document.getElementById("status").textContent)`;

/** The pixels of the last step of the first model and angle, as an expression in the page. */
export const drawnPixels = "[...drawing.steps[0][0].at(-1).state]";
