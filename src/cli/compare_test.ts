import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { files, jsonText, resolvedSpecYaml } from "../bundle/layout.ts";
import type { Metrics } from "../bundle/schemas.ts";
import { writeManifests } from "../bundle/testing.ts";
import { decodePng } from "../formats/png.ts";
import { encodeTensors } from "../formats/safetensors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { main } from "./main.ts";
import * as compare from "./compare.ts";
import * as diff from "./diff.ts";
import * as report from "./report.ts";

const ignore = ["read", "write", "env"].some((name) =>
  Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state !== "granted"
);
const verbs = {
  compare: { summary: "", load: () => Promise.resolve(compare) },
  diff: { summary: "", load: () => Promise.resolve(diff) },
  report: { summary: "", load: () => Promise.resolve(report) },
};

/** Writes the files of a bundle that these verbs need. */
function leaveBundle(
  path: string,
  spec: string,
  fid: number,
  { losses = [0.5, 0.25], pixel = 7 } = {},
) {
  const resolved = resolveSpec(
    parseSpec(`${spec}\nimageSize: 8\ndataset: mnist-m\nsampling: { count: 2, batchSize: 2 }`),
  );
  const evaluation: Metrics = {
    samples: "0".repeat(64),
    scores: [{ metric: "fid", value: fid, standardError: 1, better: "lower" }],
    extractor: { name: "inception", digest: "1".repeat(64) },
    generated: { count: 2, digest: "2".repeat(64) },
    reference: { name: "mnist-m", count: 3, digest: "3".repeat(64) },
    notes: ["said beside the scores"],
  };
  const samples = {
    dtype: "U8" as const,
    shape: [2, 8, 8, 3],
    data: new Uint8Array(384).fill(pixel),
  };
  Deno.mkdirSync(join(path, "data"), { recursive: true });
  for (
    const [name, content] of [
      [files.spec, resolvedSpecYaml(resolved)],
      [files.metrics, jsonText(evaluation)],
      [files.losses, "step,loss\n" + losses.map((loss, i) => `${i + 1},${loss}\n`).join("")],
    ] as const
  ) Deno.writeTextFileSync(join(path, "data", name), content);
  Deno.writeFileSync(join(path, "data", files.samples), encodeTensors(new Map([["0", samples]])));
  writeManifests(path);
}

/** What a verb prints, and its exit code. */
async function printed(...args: string[]): Promise<{ code: number; text: string }> {
  using said = captureTerminal();
  const code = await main(args, verbs);
  return { code, text: [...said.err, ...said.out].join("\n") };
}

Deno.test({
  name: "compare prints the tables of a folder of bundles and writes them in every format " +
    "(needs --allow-read --allow-write --allow-env)",
  ignore,
  async fn() {
    const out = Deno.makeTempDirSync();
    leaveBundle(join(out, "a-1"), "architecture: A", 90);
    leaveBundle(join(out, "d-1"), "architecture: D\nseed: 1", 70);
    leaveBundle(join(out, "d-2"), "architecture: D\nseed: 2", 74);
    leaveBundle(join(out, "d-2-2"), "architecture: D\nseed: 2", 74); // A repetition, not a third seed.
    Deno.mkdirSync(join(out, ".work"));
    const { code, text } = await printed("compare", out);
    assertEquals(code, 0, text);
    assertStringIncludes(text, "**72.00 ± 25.41‡ (2)** [82.46]");
    assertStringIncludes(text, "−18.00 ± 14.88† [−20.0 %]");
    assertStringIncludes(
      text,
      `d-2-2: left out, because it repeats the run of ${join(out, "d-2")}`,
    );
    assertStringIncludes(text, "- said beside the scores");
    for (const name of ["comparison", "comparison-differences"]) {
      assertStringIncludes(text, Deno.readTextFileSync(join(out, `${name}.md`)));
      assertStringIncludes(Deno.readTextFileSync(join(out, `${name}.tex`)), "\\bottomrule");
    }
    assertStringIncludes(
      Deno.readTextFileSync(join(out, "comparison.csv")),
      "D-2N,mnist-m,fid,lower,72,",
    );
    assertStringIncludes(Deno.readTextFileSync(join(out, "comparison.svg")), ">D-2N ‡</text>");
    assertEquals(JSON.parse(Deno.readTextFileSync(join(out, "comparison.json"))).rows[0].name, "A");

    Deno.removeSync(join(out, "a-1", "data", files.metrics));
    assertStringIncludes(
      (await printed("compare", out)).text,
      "verify` lists all problems; left out",
    );
    writeManifests(join(out, "a-1"));
    assertStringIncludes(
      (await printed("compare", out)).text,
      "a-1: left out, because it has no scores",
    );
    assertEquals((await printed("compare", join(out, "a-1"))).code, 2);
    assertStringIncludes((await printed("compare", join(out, ".work"))).text, "neither a bundle");
    assertEquals((await printed("compare", join(out, "absent"))).code, 2);
    assertEquals((await printed("compare")).code, 2);
    Deno.removeSync(out, { recursive: true });
  },
});

Deno.test({
  name: "diff shows the fields that differ, losses, scores and samples of two bundles " +
    "(needs --allow-read --allow-write --allow-env)",
  ignore,
  async fn() {
    const out = Deno.makeTempDirSync();
    const [a, b] = [join(out, "one"), join(out, "two")];
    leaveBundle(a, "architecture: D", 80);
    leaveBundle(b, "architecture: D\nkaiserBeta: 1\ntraining: { epochs: 5 }", 60, {
      losses: [0.5, 0.2],
      pixel: 9,
    });
    const { code, text } = await printed("diff", a, b);
    assertEquals(code, 0, text);
    assertStringIncludes(text, "D-2N  D-1N");
    assertStringIncludes(text.replace(/ +/g, " "), "training.epochs 100 5");
    assertStringIncludes(text.replace(/ +/g, " "), "50-100 % 0.2500 0.2000 -20.0 %");
    assertStringIncludes(text.replace(/ +/g, " "), "FID ↓ 80.00 ± 1.96 60.00 ± 1.96 -25.0 %");
    assert(!text.includes("within the noise"));
    assertStringIncludes(
      text,
      "0.0 % of the bytes are the same; the mean difference is 2.0 of 255",
    );
    const picture = decodePng(Deno.readFileSync(join(out, "diff-one-two.png")));
    assert(picture.width > 16);

    const itself = await printed("diff", a, a);
    assertEquals(itself.text.match(/the same/g)?.length, 3, "spec, losses, bytes");
    assertStringIncludes(itself.text, "within the noise");
    assertEquals((await printed("diff", a)).code, 2);
    assertStringIncludes(
      (await printed("diff", a, out)).text,
      "is not a bundle, but contains 2 bundles: deno task diff ",
    );
    Deno.removeSync(out, { recursive: true });
  },
});

Deno.test({
  name:
    "report writes one page about a folder of bundles (needs --allow-read --allow-write --allow-env)",
  ignore,
  async fn() {
    const out = Deno.makeTempDirSync();
    const [a, b] = [join(out, "one"), join(out, "two #2")];
    leaveBundle(a, "architecture: A", 80);
    leaveBundle(b, "architecture: D", 60);
    Deno.removeSync(join(b, "data", files.metrics));
    Deno.removeSync(join(b, "data", files.losses));
    writeManifests(b);
    for (const [args, folder] of [[[out], out], [[a, b], out]] as const) {
      const { code, text } = await printed("report", ...args);
      assertEquals(code, 0, text);
      assertStringIncludes(text, join(folder, "report.html"));
      const html = Deno.readTextFileSync(join(folder, "report.html"));
      assertStringIncludes(html, "2, 1 of them scored");
      assertStringIncludes(html, 'href="two%20%232/report.html"');
      Deno.removeSync(join(folder, "report.html"));
    }
    assertStringIncludes((await printed("report", a)).text, join(a, "report.html"));
    for (const args of [[], [a], [join(out, "absent")], ["--wrong"]]) {
      assertEquals((await printed("report", ...args)).code, 2);
    }
    Deno.removeSync(out, { recursive: true });
  },
});
