import type * as tf from "@tensorflow/tfjs";
import { type Padding, pixelAt } from "../../src/filters/mod.ts";
import { type Values, zeros } from "../shared/reference.ts";
import { type Operation, testOperation } from "../shared/operation_testing.ts";
import { convolve } from "./mod.ts";

/** Calls back for each product, with the places of its output, pixel and weight. */
function eachProduct(
  x: Values,
  filter: Values,
  padding: Padding,
  visit: (output: number, pixel: number, weight: number) => void,
): void {
  const [batch, height, width] = x.shape as [number, number, number, number];
  const [size, , inputs, outputs] = filter.shape as [number, number, number, number];
  const reach = (size - 1) / 2;
  for (let place = 0; place < batch * height * width; place++) {
    const image = Math.floor(place / (height * width));
    const row = Math.floor(place / width) % height;
    for (let tap = 0; tap < size * size; tap++) {
      const i = pixelAt(row + Math.floor(tap / size) - reach, height, padding);
      const j = pixelAt(place % width + tap % size - reach, width, padding);
      if (i === null || j === null) continue;
      const pixel = ((image * height + i) * width + j) * inputs;
      for (let input = 0; input < inputs; input++) {
        for (let output = 0; output < outputs; output++) {
          visit(place * outputs + output, pixel + input, (tap * inputs + input) * outputs + output);
        }
      }
    }
  }
}

function operationOf(padding: Padding): Operation {
  return {
    name: `convolve, ${padding}`,
    draw(random, smallest) {
      const size = (most: number) => smallest ? 1 : random.integer(1, most);
      const taps = smallest ? 3 : 1 + 2 * random.integer(0, 2);
      const inputs = size(4);
      return [
        random.values([size(3), size(6), size(6), inputs]),
        random.values([taps, taps, inputs, size(4)]),
      ];
    },
    differentiable: 2,
    run: (x, filter) => convolve(x as tf.Tensor4D, filter as tf.Tensor4D, padding),
    reference(x, filter) {
      const y = zeros([...x.shape.slice(0, 3), filter.shape[3]!]);
      eachProduct(x, filter, padding, (output, pixel, weight) => {
        y.data[output]! += x.data[pixel]! * filter.data[weight]!;
      });
      return y;
    },
    gradients([x, filter], dy) {
      const dx = zeros(x!.shape);
      const dfilter = zeros(filter!.shape);
      eachProduct(x!, filter!, padding, (output, pixel, weight) => {
        dx.data[pixel]! += dy.data[output]! * filter!.data[weight]!;
        dfilter.data[weight]! += dy.data[output]! * x!.data[pixel]!;
      });
      return [dx, dfilter];
    },
    tolerance: 1e-5,
  };
}

// With zeros it is tfjs's own convolution.
for (const padding of ["circular", "reflect"] as const) testOperation(operationOf(padding));
