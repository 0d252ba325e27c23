/**
 * The one writer for everything that is printed. Text from files (names, messages, scores) may
 * carry escape sequences that forge lines, reach the clipboard or hide words: here they become
 * visible. And showing never ends a run: what a closed pipe or a terminal that is gone does not
 * take is dropped.
 */

/**
 * Controls but tab and line feed (U+0080 to U+009F too, among them the escape U+009B), formats
 * (bidirectional overrides, zero-width characters), halves of characters, line separators, and
 * whatever else Unicode says is not to be seen.
 */
const unseen = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text with every invisible character written out as `\u{1b}`; tabs and line feeds stay. */
export function visible(text: string): string {
  return text.replace(
    unseen,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** As {@link visible}, but for a text that belongs into one line: line feeds are written out, too. */
export function oneLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n");
}

/**
 * A template for a line with values from files: no value can begin a line of its own.
 *
 * @example
 * ```ts
 * const path = "out/run\nout/other: verified";
 * line`${path}: not verified`; // out/run\nout/other: verified: not verified, in one line
 * ```
 */
export function line(words: TemplateStringsArray, ...values: unknown[]): string {
  return String.raw({ raw: words.map(visible) }, ...values.map((value) => oneLine(String(value))));
}

/** Takes what is printed. */
type Sink = (text: string) => void;

/** Writes all of a text, or drops what cannot be written. */
function sinkOf(stream: { writeSync(bytes: Uint8Array): number }): Sink {
  const encoder = new TextEncoder();
  return (text) => {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(stream.writeSync(bytes));
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) return;
        pause(); // A pipe that does not wait for its reader is full.
      }
    }
  };
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

const sinks = { out: sinkOf(Deno.stdout), err: sinkOf(Deno.stderr) };

/** Prints results on stdout; line feeds in the text begin new lines. */
export function print(text: string): void {
  sinks.out(`${visible(text)}\n`);
}

/** Prints what goes beside results (problems, notes) on stderr. */
export function printBeside(text: string): void {
  sinks.err(`${visible(text)}\n`);
}

/**
 * Writes on stderr as it is: for displays that move the cursor. What they show of others goes
 * through {@link visible} first.
 */
export function draw(text: string): void {
  sinks.err(text);
}

/**
 * The terminal's size in characters; 80 by 24 where nobody knows it, or it is said to be 0.
 *
 * @param ask other than Deno for tests
 */
export function terminalSize(ask = Deno.consoleSize): { columns: number; rows: number } {
  try {
    const { columns, rows } = ask();
    return { columns: columns || 80, rows: rows || 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** What was printed, a text for each call, until it is disposed of. */
export interface Captured extends Disposable {
  readonly out: string[];
  readonly err: string[];
}

/** Keeps what is printed from the terminal; for tests. */
export function captureTerminal(): Captured {
  const before = { ...sinks };
  const captured = { out: [] as string[], err: [] as string[] };
  const keep = (texts: string[]) => (text: string) => void texts.push(text.replace(/\n$/, ""));
  Object.assign(sinks, { out: keep(captured.out), err: keep(captured.err) });
  return { ...captured, [Symbol.dispose]: () => void Object.assign(sinks, before) };
}
