/** From a spec's text to a checked spec, with all errors in one message. */
import { UserError } from "../messages/errors.ts";
import { schemaComplaints } from "./check.ts";
import { ruleComplaints } from "./rules.ts";
import type { Spec } from "./resolved.ts";
import { complain, type Complaint, remember, textSource } from "./source.ts";
import { sweepComplaints } from "./sweep.ts";
import { isTree, type Path, type Tree, withoutExtensions, withValue } from "./tree.ts";
import { type Place, readYaml, syntaxMessage } from "./yaml.ts";

/** Options of {@link parseSpec}. */
export interface ParseOptions {
  /** The file's path, for messages only; it is not read. */
  path?: string;
}

function upToList(path: Path): Path {
  const list = path.findIndex((key) => typeof key === "number");
  return list < 0 ? path : path.slice(0, list);
}

/**
 * The fields in a YAML (or JSON) text, each checked by itself: a spec that others extend may be
 * incomplete.
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
      message: "must be a mapping with one field per line, such as `architecture: D`",
    });
  } else {
    const bare = withoutExtensions(data) as Tree;
    const wrong = schemaComplaints(bare);
    // Checks of several fields see only fields that are valid by themselves; a list counts as one
    // field.
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
    // @std/yaml accepts tabs, but does not read them as the indentation they were meant to be.
    const syntax = syntaxMessage(text, place);
    throw syntax ? new UserError(syntax) : complain(found, [source]);
  }
  return remember(data as Spec, [source]);
}

/**
 * The spec in a YAML (or JSON) text, checked. No defaults are filled in, and `x-` fields are kept.
 * A spec that `extends` another or is a sweep is only checked field by field; the whole is checked
 * when it is put together.
 *
 * @throws UserError with all errors of the text, each with file, line, column, path, the allowed
 * values and the closest valid name
 */
export function parseSpec(text: string, options: ParseOptions = {}): Spec {
  return parseFields(text, options, ruleComplaints);
}
