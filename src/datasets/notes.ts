/** Parts of notes and messages about a dataset's files. */
import { counted } from "../messages/counted.ts";
import { printable } from "../messages/printable.ts";
import type { LabelChoice } from "./source.ts";

/** How many names a line lists before it only counts them. */
const maxNames = 3;

/** The first few names, and the number of others; control characters are made visible. */
export function firstNames(names: readonly string[]): string {
  const shown = names.slice(0, maxNames).map((name) => printable(name)).join(", ");
  const rest = names.length - maxNames;
  return rest > 0 ? `${shown} and ${rest.toLocaleString("en-US")} more` : shown;
}

/** A line about unused files: how many, the first names, and why. */
export function notUsed(names: readonly string[], why: string): string {
  return `not used: ${counted(names.length, "file")} (${firstNames(names)}): ${why}`;
}

/** How to choose the folder or file of a dataset; messages put it in parentheses. */
export const pathSetting = "data.path in the spec, --path with data and reproduce";

/** The setting that chooses where the classes come from. */
export function labelsSetting(...choices: LabelChoice[]): string {
  return `\`data.labels: ${choices.join("` or `")}\` in the spec ` +
    `(\`--labels ${choices.join("` or `")}\` with data)`;
}
