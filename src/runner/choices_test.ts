/**
 * Each name that a spec may choose has what it stands for. The tables are typed as records over the
 * names, so that a name without an entry does not compile; here it is seen that each list of names
 * has its table.
 */
import { assertEquals } from "@std/assert";
import { fits } from "../datasets/prepare.ts";
import { schedules } from "../diffusion/schedule.ts";
import { shiftRules } from "../diffusion/motion.ts";
import { samplers, variances } from "../diffusion/steps.ts";
import { tf32Override } from "../engines/tensorflow/mod.ts";
import { specJsonSchema } from "../spec/json_schema.ts";
import { datasetFacts } from "../spec/schema.ts";
import { decays } from "../training/plan.ts";
import { architectures } from "../unet/plan.ts";
import { previewSamplers } from "./previews.ts";

/** What implements the names of each field. */
const tables: Record<string, Record<string, unknown>> = {
  "architecture": { ...architectures, E: "D, sampled with a rotation" },
  "dataset": datasetFacts,
  "data.fit": fits,
  "noise.schedule": schedules,
  "precision": tf32Override,
  "training.decay": decays,
  "training.previewSampler": previewSamplers,
  "sampling.sampler": samplers,
  "sampling.variance": variances,
  "sampling.shift.rule": shiftRules,
};

/**
 * Fields whose names are told apart by a `switch`, which the compiler holds to all of them, or by
 * the readers that each say which names they know.
 */
const elsewhere = ["evaluation.metrics", "data.labels"];

/** As much of a JSON schema as is looked at. */
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
