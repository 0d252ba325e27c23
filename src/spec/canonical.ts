/**
 * Canonical JSON (RFC 8785): a value has one text, whatever the order of its keys and the spelling
 * of its numbers.
 */

/**
 * The canonical JSON of a value: keys sorted by UTF-16 code units, numbers as ECMAScript writes
 * them, no whitespace.
 *
 * @throws TypeError for values that JSON cannot hold: NaN, infinity, undefined, functions, lone
 * surrogates
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON`);
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new TypeError("a lone surrogate has no canonical JSON");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${
      members.map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`).join(",")
    }}`;
  }
  throw new TypeError(`a ${typeof value} has no canonical JSON`);
}
