/**
 * Figures of the code's shape, tests left out: how long functions and lines are, how many casts and
 * assertions there are, and whether imports keep to the floor plan of docs/architecture.md.
 *
 *     deno run --allow-read --allow-env --allow-run .ci/figures.ts
 */
import ts from "typescript";

/** The floors, the highest first; an import goes down this list or stays. */
const floors = [
  "benchmarks",
  "cli",
  "web",
  "cluster",
  "runner",
  "report",
  "bundle",
  "evaluation",
  "training",
  "diffusion",
  "unet",
  "layers",
  "datasets",
  "engines",
  "spec",
  "formats",
  "files",
  "messages",
  "collections",
  "filters",
];

const listed = new Deno.Command("git", { args: ["ls-files", "*.ts"] }).outputSync();
const names = new TextDecoder().decode(listed.stdout).trim().split("\n")
  .filter((name) => !/_test\.ts$|_nightly\.ts$|testing\.ts$|^\.ci\//.test(name));

let [functions, longFunctions, longLines, lines, lists, casts, doubleCasts, assertions] = [
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
];
const imports = new Map<string, string[]>();
for (const name of names) measure(name, Deno.readTextFileSync(name));

function measure(name: string, text: string): void {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const all = text.split("\n");
  lines += all.length;
  longLines += all.filter((line) => line.length > 100).length;
  const lineOf = (at: number) => source.getLineAndCharacterOfPosition(at).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body) {
      functions++;
      if (lineOf(node.end) - lineOf(node.getStart()) >= 50) longFunctions++;
    }
    if (ts.isVariableDeclarationList(node) && node.declarations.length > 1) {
      if (!ts.isForStatement(node.parent)) lists++;
    }
    if (ts.isAsExpression(node) && node.type.getText() !== "const") {
      if (ts.isAsExpression(node.expression)) doubleCasts++;
      else casts++;
    }
    if (ts.isNonNullExpression(node)) assertions++;
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const target = node.moduleSpecifier.text;
      const isType = node.importClause?.isTypeOnly ?? false;
      if (target.startsWith(".") && !isType) {
        const path = new URL(target, `file:///${name}`).pathname.slice(1);
        imports.set(name, [...imports.get(name) ?? [], path]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

/** The room of a file in src, or "kernels". */
function roomOf(name: string): string {
  return name.startsWith("kernels/") ? "kernels" : name.split("/")[1] ?? "";
}

const up = [...imports].flatMap(([from, targets]) =>
  targets.filter((to) => {
    if (from.startsWith("kernels/")) return !/^kernels\/|^src\/filters\//.test(to);
    const [a, b] = [floors.indexOf(roomOf(from)), floors.indexOf(roomOf(to))];
    return a >= 0 && b >= 0 && b < a;
  }).map((to) => `${from} -> ${to}`)
);

/** Files that import each other, directly or through others: strongly connected components. */
function circles(): string[][] {
  const reach = (from: string): Set<string> => {
    const seen = new Set<string>();
    const open = [...imports.get(from) ?? []];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...imports.get(next) ?? []);
    }
    return seen;
  };
  const reaches = new Map([...imports.keys()].map((name) => [name, reach(name)]));
  const found = new Map<string, string[]>();
  for (const [name, set] of reaches) {
    if (!set.has(name)) continue;
    const circle = [...set].filter((other) => reaches.get(other)?.has(name)).sort();
    found.set(circle.join(), circle);
  }
  return [...found.values()];
}

const { imports: packages } = JSON.parse(Deno.readTextFileSync("deno.json"));
const percent = (part: number, whole: number) => `${(100 * part / whole).toFixed(1)} %`;
console.log(`files                      ${names.length}`);
console.log(`lines                      ${lines}`);
console.log(`lines over 100 columns     ${longLines} (${percent(longLines, lines)})`);
console.log(
  `files over 300 lines       ${
    names.filter((name) => Deno.readTextFileSync(name).split("\n").length > 301).join(" ") || 0
  }`,
);
console.log(`functions over 50 lines    ${longFunctions} (${percent(longFunctions, functions)})`);
console.log(`several declarations       ${lists}`);
console.log(`casts                      ${casts}, and ${doubleCasts} through another type`);
console.log(`non-null assertions        ${assertions}`);
console.log(
  `circles of imports         ${circles().map((c) => `\n  ${c.join(" ")}`).join("") || 0}`,
);
console.log(`imports against the floors ${up.map((arrow) => `\n  ${arrow}`).join("") || 0}`);
const dependencies = new Set(
  Object.values(packages).map((at) => String(at).match(/[^/:]+\/?[^/@]*@/)?.[0]),
);
console.log(`dependencies               ${dependencies.size}`);
