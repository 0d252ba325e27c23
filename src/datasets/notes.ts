/** Texts about what a dataset's files are and which were not used. */
import { counted } from "../messages/counted.ts";
import { printable } from "../messages/printable.ts";
import type { LabelChoice } from "./source.ts";

/** How many names a line lists before it only counts them. */
const mostNames = 3;

/** The first few names, and the number of others; control characters are made visible. */
export function firstNames(names: readonly string[]): string {
  const shown = names.slice(0, mostNames).map((name) => printable(name)).join(", ");
  const rest = names.length - mostNames;
  return rest > 0 ? `${shown} and ${rest.toLocaleString("en-US")} more` : shown;
}

/** A line about unused files: how many, the first names, and why. */
export function notUsed(names: readonly string[], why: string): string {
  return `not used: ${counted(names.length, "file")} (${firstNames(names)}): ${why}`;
}

/** How to write where the classes come from. */
export function sayLabels(...choices: LabelChoice[]): string {
  return `\`data.labels: ${choices.join("` or `")}\` in the spec says it, and ` +
    `\`--labels ${choices.join("` or `")}\` with \`data\``;
}
