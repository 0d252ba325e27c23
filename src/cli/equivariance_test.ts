import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { files } from "../bundle/layout.ts";
import { exampleBundle, examplePayload } from "../bundle/testing.ts";
import { filesTest } from "../files/testing.ts";
import { decodePng } from "../formats/png.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { run } from "./equivariance.ts";

/** A bundle of a small network whose weights follow from a formula. */
function leaveBundle(path: string, fields: string, loss: number): void {
  const spec = resolveSpec(parseSpec(
    `${fields}\ndataset: mnist\nimageSize: 16\nbaseWidth: 4\nsampling: { count: 4 }`,
  ));
  const losses = `step,loss\n1,1\n2,${loss}\n`;
  exampleBundle(path, new Map(examplePayload(spec)).set(files.losses, losses));
}

filesTest(
  "equivariance prints tables, and writes them with figures in every format",
  async (folder) => {
    leaveBundle(join(folder, "1"), "architecture: A\nseed: 1", 0.1);
    leaveBundle(join(folder, "2"), "architecture: A\nseed: 2", 0.3);
    leaveBundle(join(folder, "3"), "architecture: D\nseed: 2", 0.25);
    leaveBundle(join(folder, "4"), "architecture: D\nseed: 1", 0.35);
    const out = join(folder, "figures");
    const bundles = ["1", "2", "3", "4"].map((name) => join(folder, name));
    const small = ["--no-runs", "--seeds", "1", "--images", "1", "--angles=30", "--engine", "wasm"];
    using said = captureTerminal();
    assertEquals(await run([...bundles, ...small, "--out", out]), 0);
    const text = said.out.join("\n");
    for (const name of ["equivariance-table", "equivariance-differences", "quality"]) {
      assertStringIncludes(text, Deno.readTextFileSync(join(out, `${name}.md`)));
      assertStringIncludes(Deno.readTextFileSync(join(out, `${name}.tex`)), "\\end{tabular}");
      assertStringIncludes(Deno.readTextFileSync(join(out, `${name}.csv`)), ",value,low,high,");
    }
    for (const name of ["equivariance-prediction", "quality"]) {
      assertStringIncludes(Deno.readTextFileSync(join(out, `${name}.svg`)), "</svg>");
      assert(decodePng(Deno.readFileSync(join(out, `${name}.png`))).width > 1000);
    }
    assertStringIncludes(text, "over n = 2 trainings (Student's t). ‡: n = 2");
    assertStringIncludes(Deno.readTextFileSync(join(out, "quality.csv")), "\nA,loss,0.2,");
    assertStringIncludes(text, "less that of A in decibels");
    assertStringIncludes(text, "| D-2N    | prediction |");
  },
);

filesTest(
  "equivariance compares only qualities that compare, before it measures",
  async (folder) => {
    leaveBundle(join(folder, "1"), "architecture: A", 0.1);
    leaveBundle(join(folder, "2"), "architecture: D\nnoise: { schedule: cosine }", 0.2);
    const rejected = async (...args: string[]) => {
      try {
        await run([join(folder, "1"), join(folder, "2"), ...args]);
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    };
    assertStringIncludes(
      await rejected("--quality", "fidelity"),
      "known: loss, fid, classifier-kid",
    );
    assertStringIncludes(
      await rejected("--quality", "loss"),
      "trained on other data, or with other noise",
    );
  },
);
