/**
 * Networks whose filters are ideal and whose borders are joined: what they commute with, on every
 * engine; and the gradients of all that is not published.
 */
import { assert } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { mapAxes } from "../../kernels/axis_map/mod.ts";
import { convolve } from "../../kernels/convolution/mod.ts";
import { rank2, rank4 } from "../../kernels/shared/ranks.ts";
import { hasGradients, random, tensorOf, testOnEngines } from "../../kernels/shared/testing.ts";
import { fourierShift } from "../evaluation/lanczos.ts";
import { resample } from "../evaluation/equivariance.ts";
import { downsamplingMap, upsamplingMap } from "../filters/mod.ts";
import { assertClose } from "../golden/golden.ts";
import { parseSpec, type ResolvedSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "./mod.ts";

function specOf(text: string, size = 16): ResolvedSpec {
  return resolveSpec(parseSpec(`${text}\ndataset: mnist\nimageSize: ${size}\nbaseWidth: 4`));
}

const freshSeed = () => crypto.getRandomValues(new Uint32Array(1))[0]!;

async function valuesOf(tensor: tf.Tensor): Promise<Float32Array> {
  const values = await tensor.data<"float32">();
  tensor.dispose();
  return values;
}

/** A periodic image moved by whole pixels. */
function rolled(x: tf.Tensor4D, rows: number, columns: number): tf.Tensor4D {
  const along = (x: tf.Tensor4D, axis: 1 | 2, pixels: number) => {
    const rest = x.shape[axis] - pixels;
    const [first, last] = tf.split(x, [rest, pixels], axis);
    return tf.concat([rank4(last), rank4(first)], axis);
  };
  return tf.tidy(() => along(along(x, 1, rows), 2, columns));
}

testOnEngines(
  "ideal, circular: a linear network commutes with every fractional shift to 1e-5",
  async () => {
    const seed = freshSeed();
    const draw = random(seed);
    const size = 8;
    const filters = [[3, 3, 2, 3], [3, 3, 3, 3], [3, 3, 3, 2]].map((shape) =>
      rank4(tensorOf(draw.values(shape, 0.3)))
    );
    const map = (values: Float64Array, rows: number) =>
      rank2(tensorOf({ shape: [rows, values.length / rows], data: values }));
    const down = map(downsamplingMap(size / 2, { kind: "ideal" }), size / 2);
    const up = map(upsamplingMap(size / 2, { kind: "ideal" }), size);
    const network = (x: tf.Tensor4D) => {
      const [first, second, third] = filters.map((filter) => (y: tf.Tensor4D) =>
        convolve(y, filter, "circular")
      );
      return third!(mapAxes(second!(mapAxes(first!(x), down)), up));
    };
    const { shape, data } = draw.values([2, size, size, 2]);
    const images = {
      shape: shape as [number, number, number, number],
      values: Float32Array.from(data),
    };
    const shift = fourierShift([size, size], 6 * draw.uniform() - 3, 6 * draw.uniform() - 3);
    const apply = async (values: Float32Array) => ({
      shape: images.shape,
      values: await valuesOf(tf.tidy(() => network(tf.tensor4d(values, images.shape)))),
    });
    const moved = await apply(resample(images, shift).values);
    const expected = resample(await apply(images.values), shift);
    assertClose(moved.values, expected.values, 1e-5, `seed ${seed}`);
    tf.dispose([filters, down, up]);
  },
);

const shapes = "architecture: D\npadding: circular\nfilter: { kind: ideal, bypass: true }";

testOnEngines(
  "ideal, circular: a whole network commutes with whole strides to 1e-4",
  async () => {
    const seed = freshSeed();
    const unet = compileUNet(specOf(shapes));
    const x = rank4(tensorOf(random(seed).values([1, 16, 16, 1], 2)));
    const t = tf.tensor1d([300]);
    const apply = (x: tf.Tensor4D) => tf.tidy(() => unet.apply(x, t));
    // Three times halved, so eight pixels are one stride of the deepest layer.
    const moved = apply(rolled(x, 8, 8));
    const expected = rolled(apply(x), 8, 8);
    const still = await valuesOf(apply(x));
    const values = await valuesOf(expected);
    assertClose(await valuesOf(moved), values, 1e-4, `seed ${seed}`);
    assert(values.some((value, i) => Math.abs(value - still[i]!) > 0.01), "nothing moved");
    tf.dispose([x, t]);
    unet.dispose();
  },
  // There the network is compared with that of cpu, below: a software GPU is slow.
  (engine) => engine !== "webgpu",
);

const variants: [name: string, text: string][] = [
  ["D-ideal-circular-bypass", shapes],
  ["C-2N-reflect-bypass", "architecture: C\npadding: reflect\nfilter: { bypass: true }"],
  [
    "D-sinc-circular-coordinates",
    "architecture: D\npadding: circular\nposition: coordinates\nfilter: { kind: sinc }",
  ],
  [
    "D-2N-norm-circular-border",
    "architecture: D\nnormInside: true\npadding: circular\nposition: border",
  ],
  ["A-circular", "architecture: A\npadding: circular"],
];

/** What the engine `cpu` computes, by variant: the output, then each weight's gradient. */
const known = new Map<string, Float32Array[]>();

testOnEngines(
  "variants: outputs and gradients equal those of cpu, and are its finite differences",
  async (engine) => {
    // A software GPU takes minutes to compile all shaders.
    const isSlow = engine.name === "webgpu" && !engine.hardwareGpu;
    for (const [name, text] of isSlow ? variants.slice(0, 1) : variants) {
      const draw = random(7);
      const unet = compileUNet(specOf(text, 8));
      const x = rank4(tensorOf(draw.values([2, 8, 8, 1])));
      const weights = tensorOf(draw.values([2, 8, 8, 1]));
      const t = tf.tensor1d([100, 900]);
      const loss = () => tf.sum(tf.mul(unet.apply(x, t), weights)).asScalar();
      // The norms that the published variant owns but never uses have no gradient.
      const parameters = [...unet.parameters].filter(([name]) => !/(down|up)\d\.norm1/.test(name))
        .map(([, parameter]) => parameter);
      const results = tf.tidy(() => {
        const output = unet.apply(x, t);
        if (!hasGradients()) return [output];
        const { grads } = tf.variableGrads(loss, parameters);
        return [output, ...parameters.map(({ name }) => grads[name]!)];
      });
      const values = await Promise.all(results.map(valuesOf));
      if (engine.name === "cpu") {
        known.set(name, values);
        assertFiniteDifference(loss, parameters, values.slice(1), name);
      }
      const expected = known.get(name)!;
      values.forEach((numbers, i) => {
        const scale = Math.max(1, ...expected[i]!.map(Math.abs));
        const relative = (list: Float32Array) => list.map((value) => value / scale);
        assertClose(relative(numbers), relative(expected[i]!), 1e-4, `${name}, result ${i}`);
      });
      tf.dispose([x, weights, t]);
      unet.dispose();
    }
  },
);

/** Moves all weights along their gradient, and compares the loss with what that says. */
function assertFiniteDifference(
  loss: () => tf.Scalar,
  parameters: tf.Variable[],
  gradients: Float32Array[],
  name: string,
): void {
  const length = Math.hypot(...gradients.map((values) => Math.hypot(...values)));
  const step = 1e-4;
  const before = parameters.map((parameter) => parameter.dataSync<"float32">());
  const moved = (steps: number) =>
    tf.tidy(() => {
      parameters.forEach((parameter, i) => {
        const values = before[i]!.map((w, j) => w + steps * step * gradients[i]![j]! / length);
        parameter.assign(tf.tensor(values, parameter.shape));
      });
      return loss().dataSync()[0]!;
    });
  const slope = (moved(1) - moved(-1)) / (2 * step);
  assert(Math.abs(slope / length - 1) < 0.01, `${name}: slope ${slope}, gradient ${length}`);
}
