/** Overrides on the command line: `training.epochs=3`, with the same validation as in the file. */
import { UserError } from "../errors.ts";
import { schemaComplaints } from "./check.ts";
import type { Spec } from "./resolved.ts";
import { quoted } from "../printable.ts";
import { complain, overrideSource, remember } from "./source.ts";
import { pathOf, withoutExtensions, withValue } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** The two sides of `field=value`; the value is a text yet. */
export function splitOverride(override: string): { field: string; text: string } {
  const [, field, text] = override.match(/^([\w-]+(?:\.[\w-]+)*)=(.*)$/s) ?? [];
  if (field === undefined || !text?.trim() || pathOf(field).includes("__proto__")) {
    throw new UserError(
      `${quoted(override)}: an override is field=value, such as training.epochs=3`,
    );
  }
  if (field === "extends" || pathOf(field)[0] === "sweep") {
    throw new UserError(
      `${quoted(override)}: ${field} belongs into a file; it cannot be an override`,
    );
  }
  return { field, text };
}

/**
 * The spec that says only what an override says.
 *
 * @throws UserError where it is no override, or its field or value is wrong
 */
export function parseOverride(override: string): Spec {
  const { field, text } = splitOverride(override);
  const { data, complaints } = readYaml(text, () => quoted(override));
  const spec = withValue({}, pathOf(field), data) as Spec;
  const source = overrideSource(override, spec);
  const found = complaints.length > 0 ? complaints : schemaComplaints(withoutExtensions(spec));
  if (found.length > 0) throw complain(found, [source]);
  return remember(spec, [source]);
}
