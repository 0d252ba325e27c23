// Five hundred forged bundles and every verb, in one process: no stack trace, no escape sequence, no
// changed file, no page that runs a script or makes a request, never a gigabyte of memory.
import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { fuzzSeed } from "../formats/fuzz.ts";
import { type BrowserPage, findChromium, openBrowser } from "../report/browser.ts";
import { ranMark } from "../report/testing.ts";
import { wholeBundle, wholeSpec } from "../runner/testing.ts";
import { processTest } from "../files/testing.ts";
import { tryForgery } from "./forging.ts";

const rounds = 500;
/** Every how many rounds a browser opens the pages. */
const everyShown = 10;
const mostBytes = 1e9;

processTest(`${rounds} forged bundles and every verb`, async (folder) => {
  const whole = await wholeBundle(folder);
  Deno.writeTextFileSync(join(folder, "whole.yaml"), wholeSpec);
  const chromium = findChromium();
  const browser = chromium === null ? null : await openBrowser(chromium);
  if (browser === null) console.log("no Chromium: pages are not opened");
  const seed = fuzzSeed();
  try {
    for (let i = 0; i < rounds; i++) {
      const shown = browser !== null && i % everyShown === 0;
      await tryForgery({
        whole,
        folder,
        all: i % everyShown === 5,
        ...(shown ? { page: (path: string) => requireHarmless(browser, path) } : {}),
      }, (seed + i) % 2 ** 32);
      const { rss } = Deno.memoryUsage();
      assert(rss < mostBytes, `${rss} bytes of memory, FUZZ_SEED=${seed}, round ${i}`);
    }
  } finally {
    await browser?.close();
  }
});

/** Opens a page, and requires that it runs no script and makes no request. */
async function requireHarmless(browser: BrowserPage, path: string): Promise<void> {
  const { href } = toFileUrl(path);
  browser.requests.length = 0;
  browser.errors.length = 0;
  await browser.goto(href);
  await browser.evaluate(`new Promise((done) => setTimeout(done, 100))`);
  assertEquals(await browser.evaluate(`window.${ranMark} === undefined`), true, "a script ran");
  assertEquals(await browser.evaluate(`location.href`), href, "it navigated away");
  const asked = browser.requests.filter((url) => url !== href && !url.startsWith("data:"));
  assertEquals(asked, []);
  assertEquals(browser.errors, []);
}
