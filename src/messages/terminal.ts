/**
 * The only module that prints. Text from files (names, messages, scores) may contain escape
 * sequences that forge lines, write to the clipboard or hide words; they are made visible here.
 * Printing never ends a run: output that a closed pipe or terminal does not accept is dropped.
 */

/**
 * Control characters except tab and line feed (also U+0080 to U+009F, which include the escape
 * U+009B), format characters (bidirectional overrides, zero-width characters), lone surrogates,
 * line separators, and everything else that Unicode defines as invisible.
 */
const invisible = /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text with every invisible character written out as `\u{1b}`; tabs and line feeds stay. */
export function visible(text: string): string {
  return text.replace(
    invisible,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Like {@link visible}, for text on a single line: line feeds are written out as well. */
export function oneLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n");
}

/**
 * A template for a line with values from files: no value can start a new line.
 *
 * @example
 * ```ts
 * const path = "out/run\nout/other: verified";
 * line`${path}: not verified`; // out/run\nout/other: verified: not verified, on one line
 * ```
 */
export function line(words: TemplateStringsArray, ...values: unknown[]): string {
  return String.raw({ raw: words.map(visible) }, ...values.map((value) => oneLine(String(value))));
}

/** Receives the printed text. */
type Sink = (text: string) => void;

/** Writes a whole text, or drops what cannot be written. */
function sinkOf(stream: { writeSync(bytes: Uint8Array): number }): Sink {
  const encoder = new TextEncoder();
  return (text) => {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(stream.writeSync(bytes));
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) return;
        pause(); // A non-blocking pipe is full.
      }
    }
  };
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}

const sinks = { out: sinkOf(Deno.stdout), err: sinkOf(Deno.stderr) };

/** Prints results on stdout; line feeds in the text start new lines. */
export function print(text: string): void {
  sinks.out(`${visible(text)}\n`);
}

/** Prints problems and notes on stderr. */
export function printError(text: string): void {
  sinks.err(`${visible(text)}\n`);
}

/**
 * Writes to stderr unchanged, for displays that move the cursor. They pass text from files through
 * {@link visible} first.
 */
export function draw(text: string): void {
  sinks.err(text);
}

/**
 * The terminal's size in characters; 80 by 24 if it is unknown or reported as 0.
 *
 * @param ask tests pass their own
 */
export function terminalSize(ask = Deno.consoleSize): { columns: number; rows: number } {
  try {
    const { columns, rows } = ask();
    return { columns: columns || 80, rows: rows || 24 };
  } catch {
    return { columns: 80, rows: 24 };
  }
}

/** The captured output, one text per call; disposing of it stops the capture. */
export interface Captured extends Disposable {
  readonly out: string[];
  readonly err: string[];
}

/** Captures the output instead of printing it; for tests. */
export function captureTerminal(): Captured {
  const before = { ...sinks };
  const captured = { out: [] as string[], err: [] as string[] };
  const keep = (texts: string[]) => (text: string) => void texts.push(text.replace(/\n$/, ""));
  Object.assign(sinks, { out: keep(captured.out), err: keep(captured.err) });
  return { ...captured, [Symbol.dispose]: () => void Object.assign(sinks, before) };
}
