/** From a spec's text to a checked spec, with every error of the text in one message. */
import { UserError } from "../errors.ts";
import { schemaComplaints } from "./check.ts";
import { ruleComplaints } from "./rules.ts";
import type { Spec } from "./resolved.ts";
import { complain, type Complaint, remember, textSource } from "./source.ts";
import { sweepComplaints } from "./sweep.ts";
import { isTree, type Path, type Tree, withoutExtensions, withValue } from "./tree.ts";
import { type Place, readYaml, syntaxMessage } from "./yaml.ts";

/** Options of {@link parseSpec}. */
export interface ParseOptions {
  /** The file's path, for messages; nothing is read from it. */
  path?: string;
}

function upToList(path: Path): Path {
  const list = path.findIndex((key) => typeof key === "number");
  return list < 0 ? path : path.slice(0, list);
}

/**
 * The fields in a YAML (or JSON) text, each checked alone: what a spec that others extend may be.
 *
 * @throws UserError with all errors of the text
 */
export function parseFields(
  text: string,
  { path = "spec" }: ParseOptions = {},
  rules?: typeof ruleComplaints,
): Spec {
  const place: Place = (at) => at ? `${path}:${at.line}:${at.col}` : path;
  const { data, complaints, fatal } = readYaml(text, place);
  const source = textSource(text.replace(/^\uFEFF/, ""), path, data);
  const found: Complaint[] = [...complaints];
  if (fatal) throw complain(found, [source]);
  if (!isTree(data)) {
    found.push({
      path: [],
      message: "must be a mapping, such as `architecture: D`, a line for each field",
    });
  } else {
    const bare = withoutExtensions(data) as Tree;
    const wrong = schemaComplaints(bare);
    // What looks at more than one field sees those that are right by themselves; a list counts as
    // one field.
    const sound = wrong.filter(({ at }) => at !== "key").reduce(
      (tree, { path }) => withValue(tree, upToList(path), undefined),
      bare,
    ) as Spec;
    found.push(...wrong, ...sweepComplaints(sound.sweep));
    if (rules && bare.extends === undefined && bare.sweep === undefined) {
      found.push(...rules(sound));
    }
  }
  if (found.length > 0) {
    // Tabs are read by @std/yaml, but not as the indentation that they were meant to be.
    const syntax = syntaxMessage(text, place);
    throw syntax ? new UserError(syntax) : complain(found, [source]);
  }
  return remember(data as Spec, [source]);
}

/**
 * The spec in a YAML (or JSON) text, checked; nothing is filled in, `x-` fields are kept. A spec
 * that `extends` another or is a sweep is checked field by field; as a whole it is checked where it
 * is put together.
 *
 * @throws UserError with all errors of the text, each with file, line, column, path, what is
 *   allowed, the nearest word
 */
export function parseSpec(text: string, options: ParseOptions = {}): Spec {
  return parseFields(text, options, ruleComplaints);
}
