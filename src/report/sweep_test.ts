import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import type { Score } from "../evaluation/evaluate.ts";
import { decodePng } from "../formats/png.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { accessibilityFaults, findChromium, openBrowser } from "./browser.ts";
import { figuresPlot, lossPath, lossScale } from "./multiples.ts";
import { sweepHtml, type SweepRun } from "./sweep.ts";

const losses = (of: (step: number) => number) =>
  Array.from({ length: 400 }, (_, i) => ({ step: i + 1, loss: of(i + 1) }));

function run(name: string, spec: string, fid: number | null): SweepRun {
  const pictures = {
    images: new Uint8Array(20 * 64).map((_, i) => i % 251),
    count: 20,
    imageSize: 8,
    channels: 1 as const,
  };
  const scores: Score[] = fid === null
    ? []
    : [{ metric: "fid", value: fid, standardError: 1, better: "lower" }];
  return {
    name,
    path: `out/${name}`,
    href: `${encodeURIComponent(name)}/report.html`,
    spec: resolveSpec(parseSpec(`${spec}\nimageSize: 8`)),
    losses: losses((step) => (fid ?? 50) / step),
    samples: new Map([[-30, pictures], [0, pictures], [30, pictures]]),
    classes: fid === null ? null : { labels: [0, 1], names: ["a <cat>", "a dog"] },
    evaluation: {
      scores,
      extractor: { name: "inception", digest: "11" },
      generated: { count: 20, digest: "22" },
      reference: { name: "x", count: 30, digest: "33" },
      notes: ["A <note>."],
    },
  };
}

const runs = [
  run("A one", "architecture: A\ndataset: mnist-m\nseed: 1", 90),
  run("A two", "architecture: A\ndataset: mnist-m\nseed: 2", 94),
  run("D <b>", "architecture: D\ndataset: mnist-m\nseed: 1", 60),
  run("D grey", "architecture: D\ndataset: mnist\nseed: 1", null),
];

Deno.test("the report of many holds the table, every run in small, and links to each run's own", () => {
  const html = sweepHtml("out & more", runs);
  assertEquals(html, sweepHtml("out & more", runs));
  for (
    const text of [
      "<title>out &amp; more</title>",
      "4, 3 of them scored",
      "92.00 ±\u00a025.41‡\u00a0(2)",
      "<strong>60.00 ±\u00a01.96†</strong>",
      "−34.8\u00a0%",
      "[82.46]",
      "A &lt;note&gt;.",
      'href="D%20%3Cb%3E/report.html"',
      "D &lt;b&gt;",
      "Runs on mnist-m",
      "no scores",
      "classes in turn: 0 a &lt;cat&gt;, 1 a dog",
      "turned by −30°, 0°, 30°",
    ]
  ) assertStringIncludes(html, text);
  // Each run has a picture of samples and one of rotated samples; links within the page have a
  // target.
  const images = [...html.matchAll(/<img [^>]*src="data:image\/png;base64,([^"]*)"[^>]*>/g)];
  assertEquals(images.map(([, data]) => decodePng(Uint8Array.fromBase64(data!)).width), [
    64,
    24,
    64,
    24,
    64,
    24,
    64,
    24,
  ]);
  for (const [, id] of html.matchAll(/href="#([^"]*)"/g)) assertStringIncludes(html, ` id="${id}"`);
});

Deno.test("without scores there is no table", () => {
  const html = sweepHtml("out", [runs[3]!]);
  assert(!html.includes('id="table"') && !html.includes('id="figures"'));
  assertStringIncludes(html, 'id="runs-1"');
});

Deno.test("little diagrams share their axes, and losses of any kind keep numbers in them", () => {
  const curves = [
    losses((step) => 1 / step),
    losses(() => 0.5),
    losses(() => 0),
    losses(() => NaN),
    [],
  ];
  const scale = lossScale(curves)!;
  assertEquals([scale.steps, scale.max], [400, 0.5]);
  for (const curve of curves) assert(!/NaN|Infinity/.test(lossPath(curve, scale)));
  assertEquals(lossPath(curves[2]!, scale), "");
  assertEquals(lossScale([curves[2]!, []]), null);
  const heights = [...lossPath(curves[1]!, scale).matchAll(/ ([\d.]+)/g)].map(([, y]) => Number(y));
  assertEquals(new Set(heights), new Set([0]), "the largest is at the top");
  const figure = { name: "A", error: null, paper: null, best: false };
  assert(
    !/NaN|Infinity/.test(
      figuresPlot("x", [{ ...figure, value: 0 }, { ...figure, value: 0 }]).toString(),
    ),
  );
});

const chromium = findChromium();
Deno.test({
  name:
    "the report of many in a browser: no errors, no requests, accessible, no wider than its screen " +
    "(needs all permissions and Chromium, in $CHROMIUM or as chromium)",
  ignore: chromium === null,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const path = join(folder, "report.html");
    Deno.writeTextFileSync(path, sweepHtml("out", runs));
    const browser = await openBrowser(chromium!);
    try {
      await browser.goto(toFileUrl(path).href);
      for (
        const [width, options] of [[390, { dark: true }], [390, {}], [1200, {}], [800, {
          print: true,
        }]] as const
      ) {
        decodePng(await browser.screenshot(width, options));
        assertEquals(await browser.evaluate(`document.documentElement.scrollWidth`), width);
        assertEquals(await accessibilityFaults(browser), []);
      }
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
