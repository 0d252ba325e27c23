/**
 * The JSON schema of specs for editors, made from the zod schema. As a script, it writes
 * experiments/spec.schema.json.
 */
import { z } from "zod";
import { specSchema } from "./schema.ts";

/** The JSON schema of a spec as people write it: the text of experiments/spec.schema.json. */
export function specJsonSchema(): string {
  const schema = z.toJSONSchema(specSchema, {
    io: "input",
    target: "draft-7", // The version that editors support best.
    override: ({ jsonSchema }) => {
      if (jsonSchema.type === "object" && jsonSchema.properties) {
        jsonSchema.patternProperties = { "^x-": {} };
      }
    },
  });
  return `${JSON.stringify({ title: "Alias-free diffusion experiment", ...schema }, null, 2)}\n`;
}

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL("../../experiments/spec.schema.json", import.meta.url),
    specJsonSchema(),
  );
}
