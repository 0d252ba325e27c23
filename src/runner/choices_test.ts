/**
 * Every name that a spec may contain has an implementation. The tables are records over the names,
 * so a missing entry does not compile; this test checks that each list of names has a table.
 */
import { assertEquals } from "@std/assert";
import { fits } from "../datasets/prepare.ts";
import { schedules } from "../diffusion/schedule.ts";
import { noiseWays } from "../diffusion/denoise.ts";
import { motions, shiftRules } from "../diffusion/motion.ts";
import { samplers, variances } from "../diffusion/steps.ts";
import { tf32Override } from "../engines/tensorflow/mod.ts";
import { specJsonSchema } from "../spec/json_schema.ts";
import { datasetFacts } from "../spec/schema.ts";
import { decays } from "../training/plan.ts";
import { paddings } from "../filters/border.ts";
import { architectures, filterKinds, positions } from "../unet/plan.ts";
import { previewSamplers } from "./previews.ts";

/** The implementations of each field's names. */
const tables: Record<string, Record<string, unknown>> = {
  "architecture": { ...architectures, E: "D, sampled with a rotation" },
  "dataset": datasetFacts,
  "data.fit": fits,
  "filter.kind": filterKinds,
  "noise.schedule": schedules,
  "padding": paddings,
  "position": positions,
  "precision": tf32Override,
  "training.decay": decays,
  "training.previewSampler": previewSamplers,
  "sampling.sampler": samplers,
  "sampling.variance": variances,
  "sampling.shift.rule": shiftRules,
  "sampling.motion": motions,
  "sampling.noise": noiseWays,
};

/** Fields whose names a `switch` distinguishes exhaustively, or whose readers list their names. */
const elsewhere = ["evaluation.metrics", "data.labels"];

/** The part of a JSON schema that this test reads. */
interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  enum?: unknown[];
}

function choicesOf(schema: JsonSchema, path: string): [field: string, names: string[]][] {
  const own = (schema.enum ?? []).filter((name) => typeof name === "string");
  const inside = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    choicesOf(field, path ? `${path}.${key}` : key)
  );
  const others = [...schema.anyOf ?? [], ...(schema.items ? [schema.items] : [])];
  return [
    ...(own.length > 0 ? [[path, own] as [string, string[]]] : []),
    ...inside,
    ...others.flatMap((each) => choicesOf(each, path)),
  ];
}

Deno.test("every name that a spec may choose has an implementation", () => {
  const found = choicesOf(JSON.parse(specJsonSchema()), "");
  assertEquals(
    found.map(([field]) => field).toSorted(),
    [...Object.keys(tables), ...elsewhere].toSorted(),
  );
  for (const [field, names] of found) {
    const table = tables[field];
    if (table) assertEquals(Object.keys(table).toSorted(), names.toSorted(), field);
  }
});
