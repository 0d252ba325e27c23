/** Changes the sampling of a trained model's spec, where classes may be given by name. */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import { type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { splitOverride } from "../spec/overrides.ts";
import { quoted } from "../messages/printable.ts";
import { readYaml } from "../spec/yaml.ts";

/** Maximum number of names that a message lists. */
const maxListed = 20;

/**
 * The spec of a bundle with different sampling.
 *
 * @param overrides `sampling.rotation=30`, or `count=64` for `sampling.count=64`; `labels=bars` for
 *   the class of that name; `seed=7` for other noise
 * @param classNames names of the classes by label; null if they have no names
 * @throws UserError if an override changes anything but sampling, or names an unknown class
 */
export function samplingSpec(
  parent: ResolvedSpec,
  overrides: readonly string[],
  classNames: readonly string[] | null = null,
): ResolvedSpec {
  const fields = Object.keys(parent.sampling);
  const full = overrides.map((override) => {
    const { field, text } = splitOverride(override);
    if (field === "labels" || field === "sampling.labels") {
      return `sampling.labels=${labelsOf(override, text, classNames)}`;
    }
    if (fields.includes(field.split(".")[0] ?? "")) return `sampling.${override}`;
    if (field === "seed" || field.startsWith("sampling.")) return override;
    const near = nearest(field, [...fields, "seed"]);
    throw new UserError(
      `${override}: the model is already trained; only its sampling (${fields.join(", ")}) and ` +
        `the seed can be changed${near ? `; did you mean ${near}?` : ""}`,
    );
  });
  return resolveSpec(parent as Parameters<typeof resolveSpec>[0], [
    ...full,
    "evaluation.metrics=[]",
    "evaluation.everyEpochs=null",
  ]);
}

/** The value of `labels`, with names replaced by numbers. */
function labelsOf(override: string, text: string, names: readonly string[] | null): string {
  const { data } = readYaml(text, () => quoted(override));
  if (data === null || names === null) return text;
  // `bars, dots` and `3, dots` need no brackets.
  const split = (list: string) =>
    list.split(",").map((word) => word.trim()).map((word) =>
      /^\d+$/.test(word) ? Number(word) : word
    );
  const items: unknown[] = Array.isArray(data)
    ? data
    : typeof data === "string" && !names.includes(data)
    ? split(data)
    : [data];
  return JSON.stringify(items.map((item) => labelOf(override, item, names)));
}

/** The label of a class given by its number or its name; a quoted number is a name. */
function labelOf(override: string, item: unknown, names: readonly string[]): unknown {
  if (typeof item === "string") {
    const label = names.indexOf(item);
    if (label < 0) throw noSuchClass(override, item, names);
    return label;
  }
  // The spec's own check reports anything else.
  if (typeof item !== "number") return item;
  const named = names.indexOf(String(item));
  if (named < 0 || named === item) return item;
  if (item >= names.length) return named;
  throw new UserError(
    `${override}: ${item} is ambiguous: class number ${item} is called ${quoted(names[item])}, ` +
      `and the class called ${item} has number ${named}. ` +
      `Use labels='${quoted(names[item])}' for the first or labels='"${item}"' for the second`,
  );
}

function noSuchClass(override: string, name: string, names: readonly string[]): UserError {
  const near = nearest(name, names);
  const listed = names.slice(0, maxListed).map((each, label) => `${label} ${each}`);
  if (names.length > maxListed) listed.push(`and ${names.length - maxListed} more`);
  return new UserError(
    `${override}: there is no class ${quoted(name)}${near ? `; did you mean ${near}?` : "."} ` +
      `Classes: ${listed.join(", ")}`,
  );
}
