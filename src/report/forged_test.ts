import { assert, assertEquals } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import type { z } from "zod";
import { files, jsonText } from "../bundle/layout.ts";
import { provenance, type ProvenanceInput } from "../bundle/provenance.ts";
import {
  type Environment,
  environmentForm,
  metricsForm,
  provenanceForm,
} from "../bundle/schemas.ts";
import { exampleBundle, examplePayload, exampleSpec } from "../bundle/testing.ts";
import { type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { type BrowserPage, findChromium, openBrowser } from "./browser.ts";
import { reportHtml } from "./html.ts";
import type { ReportInput } from "./input.ts";
import { bundleReport } from "./report.ts";
import { sweepHtml, type SweepRun } from "./sweep.ts";
import { exampleReport, forged, hostileTexts, ranMark } from "./testing.ts";

/** Counts the elements of a page that can run or load something. */
const powers = `JSON.stringify(["script", "style", "link", "base", "iframe", "object", "form",
  "meta[http-equiv=refresh]", "[onerror],[onload],[onfocus],[autofocus]", "[style]"].map((name) =>
    document.querySelectorAll(name).length))`;

/** One script, one style sheet, one icon, and nothing else. */
const ownPowers = JSON.stringify([1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);

/** Opens a page, and returns everything that it did apart from being displayed. */
async function deedsOf(browser: BrowserPage, folder: string, html: string): Promise<string[]> {
  const path = join(folder, "page.html");
  const { href } = toFileUrl(path);
  Deno.writeTextFileSync(path, html);
  browser.requests.length = 0;
  browser.errors.length = 0;
  await browser.goto(href);
  // Gives time to code that waits until the page is loaded.
  await browser.evaluate(`new Promise((done) => setTimeout(done, 100))`);
  const deeds = [...browser.errors];
  if (await browser.evaluate(`window.${ranMark} === undefined`) !== true) deeds.push("ran");
  if (await browser.evaluate(`location.href`) !== href) deeds.push("navigated");
  const found = await browser.evaluate(powers);
  if (found !== ownPowers) deeds.push(`elements: ${found}`);
  const links: string[] = await browser.evaluate(`[...document.links].map((link) => link.href)`);
  deeds.push(...links.filter((link) => !link.startsWith("file:")));
  deeds.push(...browser.requests.filter((url) => url !== href && !url.startsWith("data:")));
  return deeds;
}

/**
 * The report's input with each number in its scores and digests replaced by a text, one at a time.
 */
function* withTextForFigures(input: ReportInput): Generator<ReportInput> {
  let index = 0;
  for (const field of ["metrics", "digests"] as const) {
    const text = JSON.stringify(input[field]);
    for (const { index: at, 0: figure } of text.matchAll(/(?<=[:[,])-?[\d.]+(?=[,\]}])/g)) {
      const hostile = JSON.stringify(hostileTexts[index++ % hostileTexts.length]);
      const changed = text.slice(0, at) + hostile + text.slice(at + figure.length);
      yield { ...input, [field]: JSON.parse(changed) };
    }
  }
}

const chromium = findChromium();
Deno.test({
  name:
    "whatever a bundle says: nothing runs in its pages, nothing leads away, nothing is asked for " +
    "(needs all permissions and Chromium, in $CHROMIUM or as chromium)",
  ignore: chromium === null,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const browser = await openBrowser(chromium!); // ignored without a browser
    const check = async (html: string, what: string) =>
      assertEquals(await deedsOf(browser, folder, html), [], what);
    try {
      const input = await exampleReport();
      const hostile = forged(input, ["kind"]);
      await check(reportHtml(hostile), "texts of a report");
      for (const odd of withTextForFigures({ ...input, films: [], samples: [], pictures: [] })) {
        const html = pageOrNone(() => reportHtml(odd));
        if (html !== null) await check(html, JSON.stringify(odd.metrics));
      }
      await check(sweepHtml(hostile.name, sweepRuns(hostile)), "texts of a report of many");
      await check(await bundleReport(forgedBundle(join(folder, "forged"))), "a forged bundle");
      // Even if it got into a page, the policy would stop it from running.
      const planted = reportHtml(input).replace(
        "</main>",
        `${hostileTexts.slice(0, 4).join("")}</main>`,
      );
      const deeds = await deedsOf(browser, folder, planted);
      assert(deeds.length > 0 && !deeds.includes("ran"), deeds.join("\n"));
    } finally {
      await browser.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

/** The page; null if the input is refused. */
function pageOrNone(make: () => string): string | null {
  try {
    return make();
  } catch {
    return null;
  }
}

function sweepRuns({ name, spec, metrics, losses, samples }: ReportInput): SweepRun[] {
  return ["a", "javascript:b"].map((path, seed) => ({
    name,
    path,
    href: `${encodeURIComponent(path)}/report.html`,
    spec: { ...spec, seed },
    losses,
    samples: new Map(samples.map(({ angleDegrees, pictures }) => [angleDegrees, pictures])),
    classes: { labels: [0, 1], names: hostileTexts },
    evaluation: metrics,
  }));
}

/** A bundle with valid manifests and schemas, and hostile texts wherever possible. */
function forgedBundle(path: string): string {
  const payload = examplePayload(classSpec());
  const metrics = JSON.parse(String(payload.get(files.metrics)));
  payload.set(files.metrics, jsonText(forgedWithin(metricsForm, metrics)));
  const [one = "", other = ""] = hostileTexts;
  return exampleBundle(path, payload, {
    "environment.json": jsonText(forgedWithin(environmentForm, environment)),
    "provenance.json": jsonText(
      forgedWithin(provenanceForm, JSON.parse(provenance(provenanceInput(classSpec())))),
    ),
    "README.md": `# ${one}\n\n${hostileTexts.join(" ")}\n`,
    "log.txt": other,
  }).path;
}

/** A spec with classes, whose names appear in the report. */
function classSpec(): ResolvedSpec {
  return resolveSpec(exampleSpec() as Parameters<typeof resolveSpec>[0], ["classes=10"]);
}

/** The value with a hostile text in place of every text that the schema still accepts. */
function forgedWithin(form: z.ZodType, value: unknown): unknown {
  const changed = structuredClone(value);
  let next = 0;
  const forge = (holder: object) => {
    for (const [key, one] of Object.entries(holder)) {
      if (typeof one === "object" && one !== null) forge(one);
      if (typeof one !== "string") continue;
      const kinds = hostileTexts.map((_, i) => hostileTexts[(next + i) % hostileTexts.length]);
      const taken = kinds.find((text) => {
        Reflect.set(holder, key, text);
        return form.safeParse(changed).success;
      });
      if (taken === undefined) Reflect.set(holder, key, one);
      else next++;
    }
  };
  assert(form.safeParse(value).success, "the forgery begins with what is right");
  if (typeof changed === "object" && changed !== null) forge(changed);
  assert(next > 0, "some text could be forged");
  return changed;
}

const date = "2026-01-01T00:00:00.000Z";

const environment: Environment = {
  engine: "TensorFlow",
  place: {
    engine: "tensorflow",
    device: "cpu",
    threads: 2,
    processor: "a processor",
    instructions: ["avx2"],
    libraries: [{ name: "libtensorflow", version: "2.21.0" }],
    deno: "2.9.6",
  },
  system: "linux x86_64",
  startedAt: date,
  finishedAt: date,
  trainedOn: ["tensorflow"],
  host: "a host",
  cores: 2,
  data: {
    source: "digits",
    images: 10,
    skipped: ["a file"],
    notes: ["a note"],
    classNames: ["zero", "one", "two"],
    path: "images",
  },
  trainingImagesPerSecond: 20,
  starts: 1,
  seconds: 60,
};

function provenanceInput(spec: ResolvedSpec): ProvenanceInput {
  const digest = "1".repeat(64);
  return {
    subjects: [{ name: "data/spec.yaml", sha256: digest }],
    spec,
    name: "D-2N",
    digests: { spec: digest, data: digest, run: digest, method: 1 },
    data: {
      name: "mnist",
      source: "digits",
      digest,
      archives: [{ name: "an archive", sha256: digest }],
    },
    engine: {
      name: "tensorflow",
      description: "TensorFlow",
      device: "cpu",
      threads: 2,
      processor: "a processor",
    },
    libraries: [{ name: "libtensorflow", version: "2.21.0" }],
    project: { version: "0.1.0", commit: "abc", clean: true },
    packages: [{ uri: "pkg:npm/fflate@0.8.3" }],
    started: date,
    finished: date,
    notes: ["a note"],
  };
}
