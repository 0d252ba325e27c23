import { assert, assertEquals } from "@std/assert";
import { inColumns } from "./columns.ts";
import { type CsvField, csvText } from "./csv.ts";
import { markdownTable, md, plainOf } from "./markdown.ts";

Deno.test("CSV: no text is a formula, numbers are unchanged, a row is one line", () => {
  const fields: [field: CsvField, text: string][] = [
    ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
    ["+1+1", "'+1+1"],
    ["-2+3", "'-2+3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "' =1"],
    ["\r=1", "'\\u{d}=1"],
    ["  =1", "'  =1"],
    ["＝1", "'＝1"],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ["-45", "-45"],
    ["-3.117268", "-3.117268"],
    [-45, "-45"],
    [1e-12, "1e-12"],
    [null, ""],
    [true, "true"],
    ["a,b", '"a,b"'],
    ["a;b", '"a;b"'],
    ["a\nb", "a\\nb"],
    ["a\u001b[2Kb", "a\\u{1b}[2Kb"],
    ["D-2N", "D-2N"],
  ];
  for (const [field, text] of fields) assertEquals(csvText([["a", field]]), `a,${text}\n`);
  assertEquals(csvText([]), "");
});

/** Texts that are special in Markdown, one of each kind. */
const nasty = [
  "<img src=x onerror=alert(1)>",
  "a | b",
  "`code` and ``",
  "[click](javascript:alert(1))",
  "![x](http://x/y.png)",
  "<http://x>",
  "https://x.example/a",
  "www.x.example",
  "a@x.example",
  "**bold** _em_ ~~gone~~",
  "&lt;b&gt; &#60;",
  "a\n\n# heading\n\n| c |",
  "ends with \\",
  "$x^2$",
];

Deno.test("Markdown: inserted values remain text in their own cell, and can be unescaped", () => {
  const table = `${markdownTable(["a", "b"], nasty.map((text) => [text, "end"]), [1])}`;
  const lines = table.split("\n");
  assertEquals(lines.slice(0, 2), ["| a | b |", "| --- | ---: |"]);
  assertEquals(lines.length, 2 + nasty.length);
  lines.slice(2).forEach((line, i) => {
    const flat = nasty[i]?.replace(/\s+/g, " ");
    assertEquals(line.match(/(?<!\\)(?:\\\\)*\|/g)?.length, 3, line);
    assertEquals(plainOf(line), `| ${flat} | end |`);
    // No special character is left without a backslash.
    const bare = line.slice(2, -8).replace(/\\./g, "");
    assert(!/[`*<>[\]~$]|&[#\w]|:\/\/|www\.|\w@\w|(?<!\w)_|_(?!\w)/.test(bare), line);
  });
  assertEquals(`${md`**${"a*b"}** ${md`[x]`} ${1}`}`, "**a\\*b** [x] 1");
  assertEquals(`${md`${"mnist_784, D-2N (2.5 %)"}`}`, "mnist_784, D-2N (2.5 %)");
});

Deno.test("columns: aligned, numbers to the right, a row on one line", () => {
  const rows = [["", "A"], ["loss", "0.5"], ["x\ny: verified", "10.25"]];
  assertEquals(inColumns(rows, [1]), [
    "                    A",
    "loss              0.5",
    "x\\ny: verified  10.25",
  ]);
});
