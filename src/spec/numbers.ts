/**
 * Numbers that YAML parsers read differently: `010` is 8 to old ones and 10 to YAML 1.2; `1_000`
 * and `0b1` are numbers to some and words to others. A spec is read by many parsers, so it must not
 * contain such numbers.
 */

/**
 * Whether a text may contain such a number. A cheap test with false positives, but no misses.
 */
export function mayBeAmbiguous(text: string): boolean {
  return /[-+]0|\b0[\dobxOBX_]|\d_/.test(text);
}

/**
 * The message about an unquoted word of a YAML text that parsers read differently; null if all read
 * it the same way.
 */
export function ambiguity(word: string): string | null {
  const readings = readingsOf(word);
  if (readings === null) return null;
  const [first = word, second = "text"] = readings;
  return `${word} is ambiguous: YAML parsers read ${first} or ${second}; ` +
    `write ${first}${second === "text" ? `, or "${word}" for text` : ""}`;
}

/** The possible readings, with that of YAML 1.2 or the likeliest first; null if there is only one. */
function readingsOf(word: string): string[] | null {
  const [, sign = "", digits = ""] = /^([-+]?)0([\d_]*\d[\d_]*)$/.exec(word) ?? [];
  if (digits !== "") {
    const bare = digits.replaceAll("_", "");
    const readings = [signed(sign, BigInt(bare))];
    return /^[0-7]+$/.test(bare) && BigInt(bare) !== BigInt(`0o${bare}`)
      ? [...readings, signed(sign, BigInt(`0o${bare}`))]
      : readings;
  }
  const prefixed = /^([-+]?)(0[oxb])([\da-f_]*[\da-f][\da-f_]*)$/i.exec(word);
  if (prefixed) {
    const [, before = "", prefix = "", rest = ""] = prefixed;
    if (before === "" && prefix === "0x" && !rest.includes("_")) return null; // All agree.
    try {
      return [signed(before, BigInt(prefix + rest.replaceAll("_", "")))];
    } catch {
      return null; // `0b2`: a word to all.
    }
  }
  if (/^[-+]?(\d[\d_]*)?(\.[\d_]*)?(e[-+]?[\d_]+)?$/i.test(word) && /\d/.test(word)) {
    const bare = word.replaceAll("_", "");
    // `007.5`, `1_000`
    if (bare !== word || /^[-+]?0\d/.test(word)) return [String(Number(bare))];
  }
  return null;
}

function signed(sign: string, value: bigint): string {
  return `${sign === "-" ? "-" : ""}${value}`;
}
