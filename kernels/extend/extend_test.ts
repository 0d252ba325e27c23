import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { pixelAt } from "../../src/filters/mod.ts";
import { type Values, zeros } from "../shared/reference.ts";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { crop, extend } from "./mod.ts";

type Outside = "circular" | "reflect";

/** Calls back for each pixel of the extended image, with the pixel that it shows. */
function eachPixel(
  [batch, height, width, channels]: number[],
  pixels: number,
  padding: Outside,
  visit: (output: number, input: number) => void,
): void {
  const [h, w] = [height!, width!];
  let output = 0;
  for (let image = 0; image < batch!; image++) {
    for (let i = -pixels; i < h + pixels; i++) {
      for (let j = -pixels; j < w + pixels; j++) {
        const input = (image * h + pixelAt(i, h, padding)!) * w + pixelAt(j, w, padding)!;
        for (let c = 0; c < channels!; c++) visit(output++, input * channels! + c);
      }
    }
  }
}

function operationOf(pixels: number, padding: Outside): Operation {
  return {
    name: `extend, ${padding}, ${pixels} pixels`,
    draw(random, smallest) {
      const size = (most: number) => smallest ? 1 : random.integer(1, most);
      return [random.values([size(3), size(6), size(6), size(5)])];
    },
    differentiable: 1,
    run: (x) => extend(x as tf.Tensor4D, pixels, padding),
    reference({ shape, data }) {
      const [batch, height, width, channels] = shape as [number, number, number, number];
      const y = zeros([batch, height + 2 * pixels, width + 2 * pixels, channels]);
      eachPixel(shape, pixels, padding, (output, input) => y.data[output] = data[input]!);
      return y;
    },
    gradients([x], dy): Values[] {
      const dx = zeros(x!.shape);
      eachPixel(x!.shape, pixels, padding, (output, input) => {
        dx.data[input]! += dy.data[output]!;
      });
      return [dx];
    },
    tolerance: 1e-6,
  };
}

testOperation(operationOf(4, "circular"));
testOperation(operationOf(3, "reflect"));

Deno.test("extend: a line by hand, and crop takes it back", async () => {
  await tf.setBackend("cpu");
  const x = tf.tensor4d([1, 2, 3], [1, 1, 3, 1]);
  const line = (y: tf.Tensor4D) => Array.from(y.dataSync()).slice(0, y.shape[2]);
  assertEquals(line(extend(x, 2, "circular")), [2, 3, 1, 2, 3, 1, 2]);
  assertEquals(line(extend(x, 2, "reflect")), [3, 2, 1, 2, 3, 2, 1]);
  assertEquals(line(extend(x, 5, "reflect")), [2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2]);
  assertEquals(line(crop(extend(x, 4, "circular"), 4)), [1, 2, 3]);
});
