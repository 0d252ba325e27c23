import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { exampleBundle } from "../bundle/testing.ts";
import { UserError } from "../messages/errors.ts";
import { decodePng } from "../formats/png.ts";
import { accessibilityFaults, findChromium, openBrowser } from "./browser.ts";
import { reportHtml } from "./html.ts";
import { bundleReport } from "./report.ts";
import { exampleReport } from "./testing.ts";

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";

Deno.test("the report is one file with everything in it, escaped, the same text again", async () => {
  const html = reportHtml(await exampleReport());
  assertEquals(html, reportHtml(await exampleReport()));
  for (
    const text of [
      "odd &lt;name&gt; &amp; &quot;quotes&quot;",
      "Summary &amp; more &lt;b&gt;",
      "tensor&lt;flow&gt;",
      "d".repeat(64),
      "12.35",
      "± 0.49",
      "classifier KID × 100",
      "unknown",
      "99.12 %",
      "Scores of &lt;4&gt; images",
      'alt="alt &quot;text&quot;"',
      "turned by −45°",
    ]
  ) assertStringIncludes(html, text);
  // Defaults are grey, chosen values are not.
  assert(
    /class="mono default"[^>]*>epochs: 100</.test(html) &&
      /class="mono set"[^>]*>seed: 7</.test(html),
  );
  assert(/class="mono set"[^>]*>imageSize: 8</.test(html));
  // Nothing is loaded from elsewhere.
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assert(address!.startsWith("data:"), address);
  }
  assert(!/url\((?!#)|@import|<link rel="stylesheet"/.test(html));
  // Every image decodes, and has a description in words or belongs to a group that has one.
  const images = [...html.matchAll(/<img src="data:image\/png;base64,([^"]*)"/g)];
  assertEquals(images.length, 5 + 3 * 5 + 1);
  images.forEach(([, data]) => decodePng(Uint8Array.fromBase64(data!)));
  // Films that fit are in the page and wait to be played; larger ones are only named.
  assertEquals(html.match(/<video [^>]*>/g)!.map((tag) => / autoplay/.test(tag)), [false, false]);
  assertStringIncludes(html, 'aria-label="a &quot;turning&quot; film"');
  const large = {
    ...await exampleReport(),
    films: (await exampleReport()).films.map((film) => ({ ...film, mp4: null })),
  };
  assert(!reportHtml(large).includes("<video"));
  assertStringIncludes(
    reportHtml(large),
    "Clearing. It is too large for this page: see <code>data/denoising.mp4</code>",
  );
  assertEquals(
    new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)).size,
    [...html.matchAll(/ id="/g)].length,
  );
});

Deno.test("defaults are grey in the report of a folder's run, too", async () => {
  const report = await exampleReport();
  const spec = { ...report.spec, dataset: "folder" as const };
  const html = reportHtml({ ...report, spec: { ...spec, data: { ...spec.data, path: null } } });
  for (const field of ["epochs: 100", "path: null"]) {
    assert(html.includes(`<div class="mono default">${field}`), field);
  }
});

Deno.test("what a run has not got is left out of its report", async () => {
  const html = reportHtml({
    ...await exampleReport(),
    losses: [],
    samples: [],
    pictures: [],
    films: [],
    metrics: null,
    spectrum: null,
    environment: [],
  });
  for (const id of ["samples", "rotation", "denoising", "metrics", "training", "filter"]) {
    assert(!html.includes(`<section id="${id}"`), id);
  }
  assertStringIncludes(html, '<section id="spec"');
});

Deno.test("the classes of images are named: a column each where they are few, else under each", async () => {
  const input = await exampleReport();
  const names = ["plane", "car <b>", "bird"];
  const few = reportHtml({ ...input, classes: { labels: [0, 1, 2], names } });
  assertStringIncludes(few, "classes in turn: 0 plane, 1 car &lt;b&gt;, 2 bird");
  // Five images in three columns, and the same names under each of the rotated ones.
  assertEquals(
    [...few.matchAll(/<div><span>([^<]*)<\/span>(.*?)<\/div>/gs)].map(([, name, images]) => [
      name,
      images?.match(/<img /g)?.length,
    ]),
    [["plane", 2], ["car &lt;b&gt;", 2], ["bird", 1]],
  );
  assertEquals(few.match(/<span class="named">/g)?.length, 3 * 5);

  const many = reportHtml({
    ...input,
    classes: { labels: Array.from({ length: 100 }, (_, i) => i), names: null },
  });
  assertStringIncludes(many, "classes in turn: 0, 1, 2, ");
  assertStringIncludes(many, "18, ..., 99");
  assertEquals(many.match(/<span class="named">/g)?.length, 4 * 5);
  assert(/alt="">class 4<\/span>/.test(many));
});

Deno.test({
  name: "the report of a bundle from its own files (needs files)",
  ignore: !granted("read") || !granted("write"),
  async fn() {
    const folder = Deno.makeTempDirSync();
    const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
    const html = await bundleReport(path);
    const verify = `deno task verify --digest ${
      digest.slice(0, 16)
    } out/example-0123456789ab</pre>`;
    assertStringIncludes(html, "deno task reproduce out/example-0123456789ab</pre>");
    for (
      const text of [
        digest,
        verify,
        "example: D-2N",
        "<p>A test.</p>",
        "turned by 45°",
        "data/model.safetensors",
      ]
    ) {
      assertStringIncludes(html, text);
    }
    await assertRejects(() => bundleReport(folder), UserError, "not an intact bundle");
    // A name that a shell would split is not offered for pasting.
    Deno.renameSync(path, join(folder, "my example"));
    assertStringIncludes(
      await bundleReport(join(folder, "my example")),
      "deno task reproduce BUNDLE</pre>",
    );
    Deno.removeSync(folder, { recursive: true });
  },
});

const chromium = findChromium();
Deno.test({
  name:
    "the report in a browser: no errors, no requests, the slider works, accessible, no wider than its screen " +
    "(needs all permissions and Chromium, in $CHROMIUM or as chromium)",
  ignore: chromium === null,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "report.html");
    const classes = { labels: [0, 1, 2], names: ["plane", "automobile", "a".repeat(40)] };
    Deno.writeTextFileSync(path, reportHtml({ ...await exampleReport(), classes }));
    const browser = await openBrowser(chromium!);
    try {
      await browser.goto(toFileUrl(path).href);
      const shown = () =>
        browser.evaluate(`[...document.querySelectorAll(".player figure")].map((f) => !f.hidden)`);
      assertEquals(await shown(), [false, true, false], "begins upright");
      await browser.evaluate(
        `(() => { const s = document.getElementById("angle"); s.value = 2; s.dispatchEvent(new Event("input")); })()`,
      );
      assertEquals(await shown(), [false, false, true]);
      assertEquals(await browser.evaluate(`document.querySelector("output").textContent`), "45°");
      // By keyboard, for people without a mouse.
      await browser.evaluate(`document.getElementById("angle").focus()`);
      const key = { key: "ArrowLeft", code: "ArrowLeft", windowsVirtualKeyCode: 37 };
      await browser.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
      await browser.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
      assertEquals(await shown(), [false, true, false]);
      assertEquals(
        await browser.evaluate(`document.getElementById("angle").getAttribute("aria-valuetext")`),
        "0°",
      );
      await browser.evaluate(`document.querySelector(".controls button").click()`);
      const moved =
        `new Promise((done) => { const look = () => document.getElementById("angle").value === "1"
        ? setTimeout(look, 20) : done(true); look(); })`;
      assert(await browser.evaluate(moved), "Play turns");
      await browser.evaluate(`document.querySelector(".controls button").click()`);
      const broken =
        `[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length`;
      assertEquals(await browser.evaluate(broken), 0);
      const films = "[...document.querySelectorAll('video')]";
      assertEquals(
        await browser.evaluate(`${films}.map((film) => film.paused)`),
        [true, true],
        "nothing moves by itself",
      );
      const played = `Promise.all(${films}.map((film) => new Promise((done, fail) => {
        film.onended = film.ontimeupdate = () => { if (film.currentTime > 0) { film.pause(); done(film.videoWidth > 0); } };
        film.play().catch(fail);
      })))`;
      assertEquals(await browser.evaluate(played), [true, true]);
      for (const [width, options] of [[390, { dark: true }], [390, {}], [1200, {}]] as const) {
        decodePng(await browser.screenshot(width, options));
        assertEquals(await browser.evaluate(`document.documentElement.scrollWidth`), width);
        assertEquals(await accessibilityFaults(browser), []);
      }
      await browser.screenshot(800, { print: true });
      const visible =
        `[...document.querySelectorAll(".player figure")].filter((f) => f.offsetHeight > 0).length`;
      assertEquals(await browser.evaluate(visible), 3, "on paper every angle is shown");
      assertEquals(
        await browser.evaluate(`${films}.filter((film) => film.offsetHeight > 0).length`),
        0,
        "and no film",
      );
      assertEquals(browser.errors, []);
      assertEquals(browser.requests.filter((url) => !url.startsWith("data:")), [
        toFileUrl(path).href,
      ]);
    } finally {
      await browser.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
