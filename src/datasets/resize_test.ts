import { assertEquals } from "@std/assert";
import { assertClose, goldenCases } from "../golden/golden.ts";
import { resize } from "./resize.ts";

for (const { case: name, tensors, tolerance } of goldenCases("resize")) {
  Deno.test(`${name}: resizes like PyTorch`, () => {
    const { x, y } = tensors;
    const [images, channels, height, width] = x!.shape as [number, number, number, number];
    const [, , toHeight, toWidth] = y!.shape as [number, number, number, number];
    const from = channels * height * width;
    const to = channels * toHeight * toWidth;
    for (let n = 0; n < images; n++) {
      // From N, C, H, W to rows of pixels, the layout used here, and back.
      const planes = x!.data.subarray(n * from, (n + 1) * from);
      const data = planes.map((_, i) =>
        planes[(i % channels) * height * width + Math.floor(i / channels)]!
      );
      const got = resize({ width, height, channels, data }, toWidth, toHeight);
      const area = toHeight * toWidth;
      const back = got.map((_, i) => got[(i % area) * channels + Math.floor(i / area)]!);
      assertClose(back, y!.data.subarray(n * to, (n + 1) * to), tolerance, `${name}, image ${n}`);
    }
  });
}

Deno.test("resizing to the same size changes nothing", () => {
  const data = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) % 256);
  assertEquals([...resize({ width: 7, height: 5, channels: 3, data }, 7, 5)], [...data]);
});
