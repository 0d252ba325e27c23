/**
 * `serve` with a real run in a real browser: the run's page shows its curve and a preview, that it
 * is killed and resumed, and then its report opens.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { bundleOf, command, ignoreRuns } from "../../cli/testing.ts";
import { type BrowserPage, findChromium, openBrowser } from "../../report/browser.ts";
import { listen } from "./listen.ts";

const chromium = findChromium();
const reason = ignoreRuns || (chromium === null ? "needs Chromium" : "");

/** Long enough to watch on the slow reference engine, with a preview. */
const spec = `architecture: A
dataset: mnist
imageSize: 8
baseWidth: 4
data: { limit: 8 }
training: { images: 1200, batchSize: 4, previewEveryEpochs: 10 }
sampling: { steps: 4, count: 4, batchSize: 4 }
evaluation: { metrics: [] }
`;

/** Waits until an expression is true in the page. */
async function until(page: BrowserPage, seconds: number, expression: string): Promise<void> {
  const endMs = performance.now() + 1000 * seconds;
  while (!await page.evaluate(expression)) {
    if (performance.now() > endMs) {
      const text = await page.evaluate("document.body.innerText");
      throw new Error(`not within ${seconds} s: ${expression}\n${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const textOf = (id: string) => `document.getElementById("${id}").textContent`;

Deno.test({
  name: `serve shows a run from its first step to its report${reason && ` (${reason})`}`,
  ignore: reason !== "",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    const out = join(folder, "out");
    const file = join(folder, "watched.yaml");
    Deno.mkdirSync(out);
    Deno.writeTextFileSync(file, spec);
    const server = listen(out, { hostname: "127.0.0.1", port: 0 });
    const page = await openBrowser(chromium ?? "");
    const start = () => command(folder, ["run", file, "--engine", "cpu", "--out", out]);
    let run = start();
    try {
      await page.goto(server.address);
      await until(page, 60, `${textOf("runs")}.includes("watched")`);
      const link: string = await page.evaluate(`document.querySelector("#runs a").href`);
      await page.goto(link);
      await until(page, 120, `document.querySelector("#curve svg") !== null`);
      const before: string = await page.evaluate(textOf("progress-part"));
      await until(page, 60, `${textOf("progress-part")} !== ${JSON.stringify(before)}`);
      await until(page, 240, `document.querySelector("#previews img")?.naturalWidth > 0`);

      run.kill("SIGKILL");
      await run.result;
      await until(page, 10, `${textOf("state")}.includes("silent")`);

      run = start();
      await until(page, 120, `${textOf("state")}.includes("running")`);
      const { code, out: printed, err } = await run.result;
      assertEquals(code, 0, err);
      await until(page, 30, `location.pathname === "/"`);
      const name = bundleOf(printed).path.split("/").at(-1) ?? "";
      await page.goto(`${server.address}bundle/${name}`);
      await until(page, 30, `document.querySelector("main a") !== null`);
      await page.goto(await page.evaluate(`document.querySelector("main a").href`));
      await until(page, 30, `document.body?.innerText.includes("Spec")`);
      assert(page.requests.every((url) => /^(http:\/\/127\.0\.0\.1|data:)/.test(url)));
      assertEquals(page.errors, []);
    } finally {
      run.kill("SIGKILL");
      await run.result;
      await page.close();
      await server.stop();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
