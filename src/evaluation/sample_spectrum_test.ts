import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { parseSpectrum, sampleSpectrum, spectrumText } from "./sample_spectrum.ts";

function imagesOf(value: (row: number, column: number) => number) {
  const imageSize = 8;
  const images = Uint8Array.from(
    { length: imageSize ** 2 },
    (_, i) => value(Math.floor(i / imageSize), i % imageSize),
  );
  return { images, count: 1, imageSize, channels: 1 };
}

Deno.test("sampleSpectrum: stripes have their power at their frequency, flat images at none", () => {
  const stripes = imagesOf((_, column) => column % 2 === 0 ? 255 : 0);
  const rows = sampleSpectrum(stripes, imagesOf(() => 255));
  assertEquals(rows.map(({ radius }) => radius), [0, 1, 2, 3, 4]);
  assert((rows[4]?.samples ?? 0) > 1);
  assertAlmostEquals(rows[2]?.samples ?? NaN, 0, 1e-12);
  assertAlmostEquals(rows[0]?.data ?? NaN, 64, 1e-9);
  assertAlmostEquals(rows[4]?.data ?? NaN, 0, 1e-12);
});

Deno.test("spectrum.csv is read as it is written, and nothing else is accepted", () => {
  const rows = sampleSpectrum(imagesOf((r, c) => r * c), imagesOf((r) => r));
  assertEquals(parseSpectrum(spectrumText(rows), "spectrum.csv"), rows);
  const wrong = ["a,b\n", "radius,samples,data\n1,1,1\n", "radius,samples,data\n0,1e999,1\n"];
  for (const text of [...wrong, "radius,samples,data\n0,1,<b>\n"]) {
    assertThrows(() => parseSpectrum(text, "spectrum.csv"), UserError, "spectrum.csv");
  }
});
