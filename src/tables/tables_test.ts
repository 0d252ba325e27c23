import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { processTest } from "../files/testing.ts";
import { tableCsv } from "./csv.ts";
import { figureText } from "./figure.ts";
import { tableFiles } from "./files.ts";
import { tableLatex } from "./latex.ts";
import { tableMarkdown } from "./markdown.ts";
import { captionOf, type Figure, type Table } from "./table.ts";

/** Everything that LaTeX, Markdown and CSV find special, and letters of other scripts. */
const nasty = "\\end{x} {y} $z$ a_b & 50 % #1 ~^ <a|b> [c](d) *e* `f` \"g\", 'h'; -- é 中 −1 †";

const figure = (value: number, half: number | null, trainings: number | null): Figure => ({
  value,
  half,
  trainings,
});

function table(figures: (Figure | null)[][], changes: Partial<Table> = {}): Table {
  return {
    name: "scores",
    title: "Scores of networks.",
    keys: ["network", "of"],
    columns: [
      { group: "mnist", heading: "FID ↓", keys: { dataset: "mnist", metric: "fid" }, times: 1 },
      { group: "mnist", heading: "KID ↓", keys: { dataset: "mnist", metric: "kid" }, times: 100 },
    ],
    rows: figures.map((row, i) => ({ keys: [`N-${i}`, "run"], figures: row })),
    legend: ["bold: the best."],
    notes: [],
    ...changes,
  };
}

Deno.test("± is defined once; one training and two are marked, and their number is said", () => {
  const over = (...trainings: number[]) =>
    captionOf(table(trainings.map((n) => [figure(1, 0.5, n), null])));
  assertEquals(over(6, 6), [
    "Scores of networks.",
    "± is half the 95 % confidence interval of the mean over n = 6 trainings (Student's t).",
    "bold: the best.",
  ]);
  assertEquals(over(1, 2, 3).join(" ").match(/±/g)?.length, 1);
  assertStringIncludes(over(1, 2, 3).join(" "), "over n trainings, with n in parentheses");
  assertStringIncludes(over(1, 1).join(" "), "†: n = 1, so the interval covers the measurement");
  assertStringIncludes(over(2).join(" "), "‡: n = 2, which leaves one degree of freedom");
  assertEquals(captionOf(table([[figure(1, null, 1), null]])).length, 2);

  const lines = tableMarkdown(table([
    [figure(1, 0.5, 1), figure(0.02, 0.01, 2)],
    [figure(1, null, 1), figure(0.02, 0.01, 3)],
    [figure(63, null, null), null],
  ])).split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  assertEquals(lines.slice(2, 5).map((cells) => cells.slice(3, 5)), [
    ["1.00 ± 0.50†", "2.00 ± 1.00‡ (2)"],
    ["1.00 (1)", "2.00 ± 1.00 (3)"],
    ["63.00", ""],
  ]);
});

Deno.test("figures have the decimals that their interval needs, and a true minus sign", () => {
  assertEquals(figureText(84, 9.94).text, "84.00 ± 9.94");
  assertEquals(figureText(0.1234, 0.0041).text, "0.123 ± 0.004");
  assertEquals(figureText(-3, null).text, "−3.00");
  assertEquals(figureText(-0.001, 0.5).text, "0.00 ± 0.50");
  assertEquals(figureText(0.0999, null).text, "0.0999");
  assertEquals(figureText(Infinity, null).text, "∞");
  assertEquals(figureText(0.05, 0.002, 100).text, "5.00 ± 0.20");
});

Deno.test("Markdown is aligned, and text stays text", () => {
  const written = tableMarkdown(table([
    [{ ...figure(-1, 0.5, 3), beside: "82.46", isBest: true }, figure(1, 0.5, 3)],
    [null, figure(1.25, 0.5, 3)],
  ], { notes: [nasty], isSigned: true }));
  assertEquals(written.split("\n").slice(0, 4), [
    "| network | of  |              mnist FID ↓ |     mnist KID ↓ |",
    "| ------- | --- | -----------------------: | --------------: |",
    "| N-0     | run | **−1.00 ± 0.50** [82.46] | +100.00 ± 50.00 |",
    "| N-1     | run |                          | +125.00 ± 50.00 |",
  ]);
  assertStringIncludes(written, "- \\\\end{x} {y} \\$z\\$");
});

Deno.test("CSV is tidy: a line a figure, unrounded, with bounds in place of ±", () => {
  const facts = { seeds: "1 2", note: nasty };
  const written = tableCsv(table([
    [{ ...figure(1 / 3, 0.25, 2), facts }, null],
    [figure(Infinity, null, 1), figure(0.5, 0.25, 3)],
  ]));
  const [head, ...lines] = written.trimEnd().split("\n");
  assertEquals(head, "network,of,dataset,metric,value,low,high,trainings,seeds,note");
  assertEquals(lines.length, 3);
  assertStringIncludes(
    lines[0]!,
    `N-0,run,mnist,fid,${1 / 3},${1 / 3 - 0.25},${1 / 3 + 0.25},2,1 2,"`,
  );
  assertEquals(lines.slice(1), [
    "N-1,run,mnist,fid,Infinity,,,1,,",
    "N-1,run,mnist,kid,0.5,0.25,0.75,3,,",
  ]);
});

/** The environments that are open at the end, and every line's depth of braces. */
function latexProblems(text: string): string[] {
  const problems: string[] = [];
  const open: string[] = [];
  let columns = 0;
  for (const line of text.split("\n").filter((each) => !each.startsWith("%"))) {
    const bare = line.replaceAll(/\\[\\{}$&#_%]/g, "");
    for (const [, kind, name] of bare.matchAll(/\\(begin|end)\{([a-z]+)\}/g)) {
      if (kind === "begin") open.push(name!);
      else if (open.pop() !== name) problems.push(`\\end{${name}}`);
    }
    const alignment = /\\begin\{tabular\}\{([lr]+)\}/.exec(bare)?.[1];
    if (alignment) columns = alignment.length;
    if (line.endsWith(" \\\\")) {
      const spanned = [...bare.matchAll(/\\multicolumn\{(\d+)\}/g)]
        .reduce((sum, [, span]) => sum + Number(span) - 1, 0);
      const cells = bare.split("&").length + spanned;
      if (cells !== columns) problems.push(`${cells} cells: ${line}`);
    }
    if (bare.split("{").length !== bare.split("}").length) problems.push(`braces: ${line}`);
    if (bare.split("$").length % 2 === 0) problems.push(`formulas: ${line}`);
    if (/[%#~^_](?!\\)/.test(bare)) problems.push(`special: ${line}`);
    if (/[^ -~À-ÿ]/.test(bare)) problems.push(`character: ${line}`);
  }
  return [...problems, ...open];
}

const nastyTable = table([
  [{ ...figure(-84.5, 1.25, 3), isBest: true, beside: nasty }, figure(0.05, 0.01, 2)],
  [null, figure(-Infinity, null, 1)],
], { title: nasty, keys: [nasty, "of"], notes: [nasty, "[1] second"], isSigned: true });
nastyTable.rows.forEach((row, i) => Object.assign(row, { keys: [nasty, "*"], ruleAbove: i === 1 }));

Deno.test("LaTeX is valid whatever the text is", () => {
  const written = tableLatex(nastyTable);
  assertEquals(latexProblems(written), []);
  for (
    const part of [
      "\\usepackage{booktabs}",
      " & \\multicolumn{2}{c}{mnist} \\\\\n    \\cmidrule(lr){3-4}\n",
      "$\\mathbf{-84.50} \\pm 1.25$ (3) {[}\\textbackslash{}end\\{x\\} \\{y\\} \\$z\\$ a\\_b",
      "$+5.00 \\pm 1.00$\\textsuperscript{$\\ddagger$} (2)",
      "$-\\infty$",
      "\\texttt{U+4E2D}",
      "\\midrule\n    \\textbackslash{}end",
    ]
  ) assertStringIncludes(written, part);
  const plain = table([[figure(1, null, 3), figure(2, null, 3)]]);
  const columns = plain.columns.map((column) => ({ ...column, group: null }));
  assert(!tableLatex({ ...plain, columns }).includes("\\cmidrule"));
  // The test itself sees mistakes.
  assertEquals(latexProblems("\\begin{tabular}{lr}\na & b & c \\\\\n50 % _ 中 }").length, 5);
});

/** A command that is on this machine; null if there is none, or no permission to ask. */
function available(command: string, ...args: string[]): string | null {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return new Deno.Command(command, options).outputSync().success ? command : null;
  } catch {
    return null;
  }
}

const pdflatex = available("pdflatex", "--version");

processTest("pdfLaTeX compiles the table", (folder) => {
  for (const [name, bytes] of tableFiles([nastyTable])) {
    Deno.writeFileSync(join(folder, name), bytes);
  }
  const document = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n" +
    "\\input{scores.tex}\n\\end{document}\n";
  Deno.writeTextFileSync(join(folder, "paper.tex"), document);
  const { success, stdout } = new Deno.Command("pdflatex", {
    args: ["-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
    cwd: folder,
    stderr: "null",
  }).outputSync();
  assert(success, new TextDecoder().decode(stdout));
}, pdflatex ? "" : "no pdflatex on the path");

const environment = { name: "env", variable: "PYTHON" } as const;
const granted = Deno.permissions.querySync(environment).state === "granted";
const python = available(granted && Deno.env.get("PYTHON") || "python3", "--version");

processTest("Python's csv reads the table", (folder) => {
  for (const [name, bytes] of tableFiles([nastyTable])) {
    Deno.writeFileSync(join(folder, name), bytes);
  }
  const script = "import csv, json\n" +
    "with open('scores.csv', newline='', encoding='utf-8') as file:\n" +
    "    print(json.dumps(list(csv.DictReader(file, strict=True))))\n";
  const { success, stdout, stderr } = new Deno.Command(python ?? "", {
    args: ["-X", "utf8", "-c", script],
    cwd: folder,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  const rows = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(rows.length, 3);
  assertEquals(rows[0], {
    [nasty]: nasty,
    of: "*",
    dataset: "mnist",
    metric: "fid",
    value: "-84.5",
    low: "-85.75",
    high: "-83.25",
    trainings: "3",
  });
}, python ? "" : "no Python in $PYTHON or as python3");
