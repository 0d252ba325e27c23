import { assertEquals, assertStringIncludes } from "@std/assert";
import { foldingTable, spectraCsv } from "./network_spectra.ts";

const layer = (name: string, size: number, folds: number) => ({
  layer: name,
  size,
  folds,
  halfPixelError: folds / 2,
  before: Float64Array.of(1, 2),
  after: Float64Array.of(3, 4),
});

const networks = [
  { name: "A", bundle: "a", layers: [layer("inc, first", 16, 0.1), layer("bot1, first", 2, 0.3)] },
  { name: "D-2N", bundle: "d", layers: [layer("inc, first", 16, 0.05)] },
];

Deno.test("folding table: the mean of each size, and of all layers", () => {
  const [head = "", a = "", d = ""] = foldingTable(networks).split("\n");
  assertEquals(head.trim().split(/ {2,}/), ["folds back", "16 px (%)", "2 px (%)", "all (%)"]);
  assertEquals(a.trim().split(/ +/), ["A", "10.00", "30.00", "20.00"]);
  assertEquals(d.trim().split(/ +/), ["D-2N", "5.00", "5.00"]);
});

Deno.test("spectra as CSV: a row for each layer and radius", () => {
  const rows = spectraCsv(networks).trim().split("\n");
  assertEquals(rows.length, 1 + 3 * 2);
  assertStringIncludes(rows[2] ?? "", '"inc, first",16,1,2,4,0.1,0.05');
});
