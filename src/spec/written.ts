/**
 * A spec as a standalone text: the file as written, including comments, with overrides, a sweep
 * member's values and the specs that it extends written into it.
 */
import { stringify } from "@std/yaml";
import { type Document, isMap, type YAMLMap } from "yaml";
import { canonicalJson } from "./canonical.ts";
import type { Spec } from "./resolved.ts";
import { printable } from "../messages/printable.ts";
import { isTree, type Path, type Tree } from "./tree.ts";
import { readYaml } from "./yaml.ts";
import { yamlDocument } from "./yaml_document.ts";

/** The content of a file. */
interface WrittenFile {
  /** Merged over the specs that it extends. */
  spec: Spec;
  text: string;
  path: string;
}

/**
 * The text of exactly one whole spec.
 *
 * @param whole the spec that the text must contain
 * @param overrides that changed the file on the command line, for the note at the top
 */
export function writtenAlone(
  file: WrittenFile,
  whole: Spec,
  overrides: readonly string[],
): string {
  const wanted = whole as Tree;
  if (containsExactly(file.text, wanted)) return file.text;
  const note = changeNote(file.text, overrides);
  const edited = editedText(file.text, wanted, note);
  if (edited !== null && containsExactly(edited, wanted)) return edited;
  // With anchors and merge keys, an edit can reach further than it should.
  return `${note.map((line) => `# ${line}\n`).join("")}${stringify(wanted)}`;
}

/** Whether a text contains exactly this spec. */
function containsExactly(text: string, wanted: Tree): boolean {
  try {
    const { data, complaints } = readYaml(text, () => "spec");
    return complaints.length === 0 && canonicalJson(data) === canonicalJson(wanted);
  } catch {
    return false; // Not YAML, or more than canonical JSON can hold.
  }
}

/** Comment lines for the top of the file that describe the changes. */
function changeNote(text: string, overrides: readonly string[]): string[] {
  const { data } = readYaml(text, () => "spec");
  const { extends: base, sweep } = data as Spec;
  return [
    ...(base === undefined ? [] : [`Includes ${printable(base, 200)}, which it extends.`]),
    ...(sweep === undefined ? [] : ["One member of the sweep in this file."]),
    ...(overrides.length === 0 ? [] : [
      `With these overrides from the command line: ${
        overrides.map((override) => printable(override, 200)).join(" ")
      }`,
    ]),
  ];
}

/** The text edited to contain the spec; null if the document cannot be edited. */
function editedText(text: string, wanted: Tree, note: readonly string[]): string | null {
  const document = yamlDocument(text.replace(/^\uFEFF/, ""), { version: "1.2", schema: "core" });
  if (document.errors.length > 0 || !isMap(document.contents)) return null;
  const said: unknown = document.toJS();
  if (!isTree(said)) return null;
  setFields(document, said, wanted, []);
  const head = note.map((line) => ` ${line}`).join("\n");
  document.commentBefore = [head, document.commentBefore].filter((words) => words).join("\n");
  try {
    return document.toString({ lineWidth: 0 });
  } catch {
    return null; // An alias has lost its anchor.
  }
}

/** Makes a section of the document contain what is wanted; leaves matching fields alone. */
function setFields(document: Document, said: Tree, wanted: Tree, at: Path): void {
  for (const key of Object.keys(said)) {
    if (!Object.hasOwn(wanted, key)) document.deleteIn([...at, key]);
  }
  for (const [key, value] of Object.entries(wanted)) {
    const path = [...at, key];
    const own = Object.hasOwn(said, key) ? said[key] : undefined;
    if (isTree(own) && isTree(value) && isMap(document.getIn(path))) {
      setFields(document, own, value, path);
    } else if (own === undefined || canonicalJson(own) !== canonicalJson(value)) {
      setField(document, path, value);
    }
  }
}

/** Sets a value, and keeps the comment after the one that it replaces. */
function setField(document: Document, path: Path, value: unknown): void {
  const before = document.getIn(path, true) as { comment?: string | null } | undefined;
  const node = document.createNode(value, { flow: path.length > 1 });
  if (typeof before?.comment === "string" && !isMap(before)) node.comment = before.comment;
  const section = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(section)) (section as YAMLMap).set(path.at(-1), node);
}
