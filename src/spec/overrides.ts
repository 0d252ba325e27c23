/** Overrides on the command line, such as `training.epochs=3`, validated like the file. */
import { UserError } from "../messages/errors.ts";
import { schemaComplaints } from "./check.ts";
import type { Spec } from "./resolved.ts";
import { quoted } from "../messages/printable.ts";
import { complain, overrideSource, remember } from "./source.ts";
import { pathOf, withoutExtensions, withValue } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** The two sides of `field=value`; the value is still text. */
export function splitOverride(override: string): { field: string; text: string } {
  const [, field, text] = override.match(/^([\w-]+(?:\.[\w-]+)*)=(.*)$/s) ?? [];
  if (field === undefined || !text?.trim() || pathOf(field).includes("__proto__")) {
    throw new UserError(
      `${quoted(override)}: expected field=value, such as training.epochs=3`,
    );
  }
  if (field === "extends" || pathOf(field)[0] === "sweep") {
    throw new UserError(
      `${quoted(override)}: ${field} cannot be an override; set it in the file`,
    );
  }
  return { field, text };
}

/**
 * The spec that contains only the field of an override.
 *
 * @throws UserError if it is not an override, or its field or value is wrong
 */
export function parseOverride(override: string): Spec {
  const { field, text } = splitOverride(override);
  const { data, complaints } = readYaml(text, () => quoted(override));
  const spec = withValue({}, pathOf(field), data) as Spec;
  const source = overrideSource(override, spec);
  const found = complaints.length > 0 ? complaints : schemaComplaints(withoutExtensions(spec));
  if (found.length === 0) return remember(spec, [source]);
  const error = complain(found, [source]);
  const suggestion = severalValues(field, text);
  throw suggestion === null ? error : new UserError(`${error.message}\n${suggestion}`);
}

/** Advice for `seed=1,2` where one value is expected; null if it is not a list of values. */
function severalValues(field: string, text: string): string | null {
  if (!text.includes(",") || /^\s*\[/.test(text)) return null;
  const { data, complaints } = readYaml(`[${text}]`, () => quoted(text));
  if (!Array.isArray(data) || data.length < 2 || complaints.length > 0) return null;
  const isRight = (value: unknown) =>
    schemaComplaints(withoutExtensions(withValue({}, pathOf(field), value))).length === 0;
  if (!data.every(isRight)) return null;
  const sweep = `for one run per value: deno task sweep SPEC ${field}=${text}`;
  return isRight(data) ? `for one run with all of them: ${field}=[${text}]; ${sweep}` : sweep;
}
