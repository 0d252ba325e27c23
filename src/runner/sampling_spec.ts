/** Other sampling of a trained model, as a person asks for it: classes by their names, too. */
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import { type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { splitOverride } from "../spec/overrides.ts";
import { quoted } from "../messages/printable.ts";
import { readYaml } from "../spec/yaml.ts";

/** Names that a message lists at most. */
const mostListed = 20;

/**
 * The spec of a bundle with other sampling.
 *
 * @param overrides `sampling.rotation=30`, or `count=64` for `sampling.count=64`; `labels=bars` for
 *   the number of that class; `seed=7` draws from other noise
 * @param classNames of the model's classes, by label; null where nobody named them
 * @throws UserError where an override is of anything but sampling, or names no class
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
      `${override}: the model is trained; only its sampling (${fields.join(", ")}) and the seed ` +
        `can be changed${near ? `; did you mean ${near}?` : ""}`,
    );
  });
  return resolveSpec(parent as Parameters<typeof resolveSpec>[0], [
    ...full,
    "evaluation.metrics=[]",
    "evaluation.everyEpochs=null",
  ]);
}

/** The value of `labels` with numbers in place of names. */
function labelsOf(override: string, text: string, names: readonly string[] | null): string {
  const { data } = readYaml(text, () => quoted(override));
  if (data === null || names === null) return text;
  // `bars, dots` needs no brackets; a number in it is one.
  const split = (words: string) =>
    words.split(",").map((word) => word.trim()).map((word) =>
      /^\d+$/.test(word) ? Number(word) : word
    );
  const items: unknown[] = Array.isArray(data)
    ? data
    : typeof data === "string" && !names.includes(data)
    ? split(data)
    : [data];
  return JSON.stringify(items.map((item) => labelOf(override, item, names)));
}

/** The label of a class that is said by its number or its name; what is quoted is a name. */
function labelOf(override: string, item: unknown, names: readonly string[]): unknown {
  if (typeof item === "string") {
    const label = names.indexOf(item);
    if (label < 0) throw noSuchClass(override, item, names);
    return label;
  }
  // What else it may be, the spec's own check tells.
  if (typeof item !== "number") return item;
  const named = names.indexOf(String(item));
  if (named < 0 || named === item) return item;
  if (item >= names.length) return named;
  throw new UserError(
    `${override}: ${item} can be read in two ways: the class of the number ${item}, which is ` +
      `called ${
        quoted(names[item])
      }, or the class of the name ${item}, whose number is ${named}. ` +
      `Say labels='${quoted(names[item])}' for the first, labels='"${item}"' for the second`,
  );
}

function noSuchClass(override: string, name: string, names: readonly string[]): UserError {
  const near = nearest(name, names);
  const listed = names.slice(0, mostListed).map((each, label) => `${label} ${each}`);
  if (names.length > mostListed) listed.push(`and ${names.length - mostListed} more`);
  return new UserError(
    `${override}: there is no class ${quoted(name)}${near ? `; did you mean ${near}?` : "."} ` +
      `Classes: ${listed.join(", ")}`,
  );
}
