/**
 * Reads untrusted YAML as plain data. The cost of a text is bounded before its meaning is examined:
 * its length, its depth, and the number of its values with every alias followed.
 */
import { parse } from "@std/yaml";
import { UserError } from "../messages/errors.ts";
import { ambiguity, mayBeAmbiguous } from "./numbers.ts";
import { plainWords, type Position, syntaxErrors } from "./positions.ts";
import { printable } from "../messages/printable.ts";
import type { Complaint } from "./source.ts";
import { isTree, type Path } from "./tree.ts";

/** The longest spec, in bytes. */
export const maxTextBytes = 64 * 1024;
const maxDepth = 16;
const maxValues = 20_000;
const maxStringLength = 10_000;

/**
 * Characters that no spec may contain: control characters except tab and line ends, and lone
 * surrogates.
 */
const unprintable = /(?![\t\n\r])\p{Cc}|\p{Cs}|\uFFFD/u;

/**
 * Complaints about data that is not plain, printable, finite JSON. If a limit is exceeded, that is
 * the only complaint, and `fatal` is set.
 */
function checkData(data: unknown): { complaints: Complaint[]; fatal: boolean } {
  const complaints: Complaint[] = [];
  let values = 0;
  let fatal = false;
  const visit = (value: unknown, path: Path): boolean => {
    if (++values > maxValues || path.length > maxDepth) {
      complaints.length = 0;
      fatal = true;
      const what = path.length > maxDepth
        ? `deeper than ${maxDepth} levels`
        : `more than ${maxValues} values`;
      complaints.push({
        path: path.slice(0, 1),
        message: `${what} (aliases expanded), far more than a spec needs`,
      });
      return false;
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
      complaints.push({ path, message: `must be a finite number, not ${value}` });
    } else if (
      typeof value === "string" && (value.length > maxStringLength || unprintable.test(value))
    ) {
      complaints.push({
        path,
        message: "must be text without control characters, of at most 10,000 characters",
      });
    } else if (Array.isArray(value)) {
      return value.every((item, i) => visit(item, [...path, i]));
    } else if (isTree(value)) {
      return Object.entries(value).every(([key, item]) => {
        if (key === "__proto__" || key.length > 200 || unprintable.test(key)) {
          complaints.push({ path: [...path, key], message: "is not allowed as a key", at: "key" });
          return true;
        }
        return visit(item, [...path, key]);
      });
    }
    return true;
  };
  visit(data, []);
  return { complaints, fatal };
}

/** The complaints about numbers that parsers read differently. */
function ambiguousNumbers(text: string): Complaint[] {
  if (!mayBeAmbiguous(text)) return [];
  return plainWords(text).flatMap(({ word, path }) => {
    const message = ambiguity(word);
    return message === null ? [] : [{ path, message }];
  });
}

/** How a message names a position in the text, or the text as a whole. */
export type Place = (at?: Position) => string;

/** The errors that npm's `yaml` finds in a text, one per line; "" if there are none. */
export function syntaxMessage(text: string, place: Place): string {
  return syntaxLines(syntaxErrors(text), place);
}

function syntaxLines(errors: (Position & { message: string })[], place: Place): string {
  return errors.map(({ message, ...at }) =>
    `${place(at)}: invalid YAML: ${printable(message, 200)}`
  ).join("\n");
}

/** The single error of `@std/yaml`. */
function strictMessage({ message: text }: Error, place: Place): string {
  const [first = ""] = text.split("\n");
  const [, message = first, line = 1, col = 1] =
    first.match(/^(.*) at line (\d+), column (\d+):?$/) ?? [];
  return syntaxLines([{ line: Number(line), col: Number(col), message }], place);
}

/**
 * The data of a YAML text (YAML's core schema), with complaints about what no spec may contain.
 * `fatal` means that the data must not be examined further, because it is endless or nearly so.
 *
 * @throws UserError if the text is too long or not YAML
 */
export function readYaml(
  text: string,
  place: Place,
): { data: unknown; complaints: Complaint[]; fatal: boolean } {
  if (text.length > maxTextBytes) {
    throw new UserError(
      `${place()}: more than ${
        maxTextBytes / 1024
      } KiB, too large for a spec; is this the right file?`,
    );
  }
  try {
    const plain = text.replace(/^\uFEFF/, "");
    // `@std/yaml` ignores a tab at the start of a line; YAML and other parsers refuse it.
    const tabs = /^ *\t/m.test(plain)
      ? syntaxErrors(text).filter(({ message }) => message.startsWith("Tabs "))
      : [];
    if (tabs.length) throw new UserError(syntaxLines(tabs, place));
    const data = parse(plain, { schema: "core" });
    const { complaints, fatal } = checkData(data);
    return {
      data,
      complaints: fatal ? complaints : [...complaints, ...ambiguousNumbers(plain)],
      fatal,
    };
  } catch (error) {
    if (
      !(error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)
    ) throw error;
    if (error instanceof RangeError) {
      throw new UserError(`${place()}: invalid YAML: nested too deeply`);
    }
    throw new UserError(syntaxMessage(text, place) || strictMessage(error, place));
  }
}
