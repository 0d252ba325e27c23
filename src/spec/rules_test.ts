import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { expandSweep, parseSpec, resolveSpec } from "./mod.ts";

Deno.test("~ in a file is refused, with advice", () => {
  for (
    const [field, lines] of [
      ["data.path", "dataset: folder\ndata: { path: ~/photos }"],
      ["training.from", "dataset: mnist\ntraining: { from: ~/out/a-0123456789ab }"],
    ] as const
  ) {
    assertThrows(
      () => parseSpec(`architecture: A\n${lines}\n`),
      UserError,
      `${field}: ~ works only on the command line`,
    );
  }
});

Deno.test("a sinc has an even number of taps", () => {
  const spec = "architecture: D\ndataset: mnist\nfilter: { kind: sinc }";
  assertThrows(
    () => parseSpec(`${spec}\nkernelSize: 3`),
    UserError,
    "kernelSize: must be even for filter.kind sinc",
  );
  parseSpec(`${spec}\nkernelSize: 6`);
});

Deno.test("options of training that cannot be are refused", () => {
  const refused: [training: string, message: string][] = [
    ["{ equivariance: { weight: 1 } }", "training.equivariance: nothing moves; set shift"],
    ["{ accumulate: 17 }", "training.accumulate: must be at most training.batchSize = 16, not 17"],
    ["{ batchSize: 2, accumulate: 3 }", "must be at most training.batchSize = 2"],
    ["{ dropout: 1 }", "training.dropout: must be a number from 0 to 0.99"],
    ["{ augment: { turn: 181 } }", "training.augment.turn: must be a number from 0 to 180"],
    ["{ clipNorm: 0 }", "training.clipNorm: must be a number above 0"],
  ];
  for (const [training, message] of refused) {
    const text = `architecture: A\ndataset: mnist\ntraining: ${training}\n`;
    assertThrows(() => resolveSpec(parseSpec(text)), UserError, message);
  }
});

Deno.test("training.equivariance is swept by its weight: 0 lets go of what it moves", () => {
  const text = "architecture: A\ndataset: mnist\n" +
    "training: { equivariance: { weight: 1, shift: 2, turn: 45 } }\n";
  const members = expandSweep(parseSpec(text), ["training.equivariance.weight=0,0.1,1"]);
  assertEquals(members.map(({ training }) => training.equivariance), [
    undefined,
    { weight: 0.1, shift: 2, turn: 45 },
    { weight: 1, shift: 2, turn: 45 },
  ]);
  const override = ["training.equivariance.weight=0"];
  assertEquals(resolveSpec(parseSpec(text), override).training.equivariance, undefined);
  // Field by field, over what the spec says.
  const turned = resolveSpec(parseSpec(text), ["training.equivariance.turn=0"]).training;
  assertEquals(turned.equivariance, { weight: 1, shift: 2, turn: 0 });
});
