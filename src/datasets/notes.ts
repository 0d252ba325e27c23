/** Words for what a dataset's files were found to be and what was passed over. */
import { counted } from "../counted.ts";
import { printable } from "../printable.ts";
import type { LabelChoice } from "./source.ts";

/** How many names a line lists before it only counts them. */
const mostNames = 3;

/** The first few names, and how many more there are; control characters made visible. */
export function firstNames(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => printable(name)).join(", ");
  const rest = names.length - mostNames;
  return rest > 0 ? `${shown} and ${rest.toLocaleString("en-US")} more` : shown;
}

/** A line about files that are not used: how many, the first names, and why. */
export function notUsed(names: readonly string[], why: string): string {
  return `not used: ${counted(names.length, "file")} (${firstNames(names)}): ${why}`;
}

/** How a person says where the classes are. */
export function sayLabels(...choices: LabelChoice[]): string {
  return `\`data.labels: ${choices.join("` or `")}\` in the spec says it, and ` +
    `\`--labels ${choices.join("` or `")}\` behind \`data\``;
}
