import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { assertClose, formulaUniform } from "../golden/golden.ts";
import { filteredDownsample } from "../../kernels/filtered_downsample/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { normalNumbers } from "../../kernels/random_normal/reference.ts";
import { lowpassKernel } from "../filters/mod.ts";
import {
  addErrors,
  decibels,
  drawTransformations,
  type ErrorSum,
  type Images,
  type Measure,
  measures,
  predictionError,
  resample,
  resamplingOf,
  samplingError,
  type Transformation,
} from "./equivariance.ts";
import { fourierShift, lanczosRotation, lanczosShift } from "./lanczos.ts";

const seed = crypto.getRandomValues(new Uint32Array(1))[0]! % 1000;
const size = 24;

function noiseImages(images: number, channels: number, stream: number): Images {
  const values = normalNumbers(images * size * size * channels, philoxKey(stream, "evaluation"), [
    0,
    0,
    0,
    7,
  ]);
  return { shape: [images, size, size, channels], values: Float32Array.from(values) };
}

/** A rotation, or a shift for one of the other measures. */
const turn = (degrees: number): Transformation => ({
  measure: "EQ-R",
  degrees,
  columns: 0,
  rows: 0,
});
const move = (measure: Measure, columns: number, rows: number): Transformation => ({
  measure,
  degrees: 0,
  columns,
  rows,
});

async function score(
  measure: Measure,
  predict: (x: Images) => Images,
  x: Images,
  by = seed,
): Promise<number> {
  const errors: ErrorSum[] = [];
  for (const drawn of drawTransformations(measure, [size, size], 3, by)) {
    errors.push(await predictionError(predict, x, resamplingOf(drawn, [size, size])));
  }
  return decibels(measure, addErrors(errors))!;
}

/**
 * A smooth picture that is also known between the pixels: waves of up to 0.2 periods per pixel
 * around the centre.
 */
function picture(degrees: number, columns: number, rows: number): Images {
  const draws = formulaUniform(77, 60);
  const cosine = Math.cos(degrees * Math.PI / 180);
  const sine = Math.sin(degrees * Math.PI / 180);
  const values = new Float32Array(size * size);
  for (let pixel = 0; pixel < values.length; pixel++) {
    const down = Math.floor(pixel / size) - (size - 1) / 2 - rows;
    const right = pixel % size - (size - 1) / 2 - columns;
    const y = cosine * down + sine * right;
    const x = cosine * right - sine * down;
    for (let wave = 0; wave < 15; wave++) {
      const [fy, fx, phase] = [0, 1, 2].map((k) => draws[3 * wave + k]!) as [
        number,
        number,
        number,
      ];
      values[pixel]! += 0.1 * Math.cos(2 * Math.PI * (0.14 * (fy * y + fx * x) + phase));
    }
  }
  return { shape: [1, size, size, 1], values };
}

Deno.test(`a function that commutes with every transformation scores at the limit of float32 (seed ${seed})`, async () => {
  const x = noiseImages(2, 3, seed);
  for (const measure of measures) {
    const linear = (y: Images) => ({ ...y, values: y.values.map((value) => 0.5 * value + 0.25) });
    assert(
      await score(measure, linear, x) > 120,
      `${measure}: ${await score(measure, linear, x)} dB`,
    );
  }
});

Deno.test(`a circular convolution commutes with shifts to the limit of float32, but not with rotations (seed ${seed})`, async () => {
  const x = noiseImages(2, 1, seed);
  function blur({ shape, values }: Images): Images {
    return {
      shape,
      values: values.map((_, i) => {
        const image = i - i % (size * size);
        const row = Math.floor(i % (size * size) / size);
        const column = i % size;
        const at = (y: number, z: number) =>
          values[image + (y + size) % size * size + (z + size) % size]!;
        return 0.4 * at(row, column) + 0.3 * at(row, column + 1) + 0.2 * at(row - 1, column) +
          0.1 * at(row + 2, column);
      }),
    };
  }
  for (const measure of ["EQ-T", "EQ-T_frac", "shift PSNR"] as const) {
    assert(await score(measure, blur, x) > 120, `${measure}: ${await score(measure, blur, x)} dB`);
  }
  assert(await score("EQ-R", blur, x) < 30);
});

Deno.test(`the identity with added noise scores as predicted by theory (seed ${seed})`, async () => {
  const deviation = 0.1;
  const x = noiseImages(64, 1, seed);
  let call = 0;
  const noisy = (y: Images): Images => {
    const noise = noiseImages(64, 1, seed + 1000 + call++).values;
    return { ...y, values: y.values.map((value, i) => value + deviation * noise[i]!) };
  };
  const drawn = [move("EQ-T", 3, -2), move("EQ-T_frac", 1.3, 2.7), turn(33), turn(-110)];
  for (const transformation of drawn) {
    const resampling = resamplingOf(transformation, [size, size]);
    // One noise is unchanged; the other was transformed, which scales it by the squares of the
    // weights.
    const gains = [...gainsOf(resampling.apply)].filter((_, pixel) => resampling.mask[pixel]);
    const gain = gains.reduce((a, b) => a + b) / gains.length;
    const expected = 10 * Math.log10(4 / (deviation ** 2 * (1 + gain)));
    const measured = decibels(transformation.measure, await predictionError(noisy, x, resampling))!;
    assert(
      Math.abs(measured - expected) < 0.25,
      `${transformation.measure}: ${measured} dB for ${expected}`,
    );
    if (transformation.measure === "EQ-T") {
      assertClose([expected], [10 * Math.log10(4 / (2 * deviation ** 2))], 1e-9);
    }
  }
});

/** The sum of squared weights for each pixel of a transformation. */
function gainsOf(apply: (plane: Float64Array) => Float64Array): Float64Array {
  const gains = new Float64Array(size * size);
  const plane = new Float64Array(size * size);
  for (let pixel = 0; pixel < plane.length; pixel++) {
    plane[pixel] = 1;
    apply(plane).forEach((weight, i) => gains[i]! += weight ** 2);
    plane[pixel] = 0;
  }
  return gains;
}

Deno.test("a run that draws the same continuous picture, rotated or shifted, scores at the limit of the resampling", () => {
  const still = picture(0, 0, 0);
  for (const degrees of [0.5, 45, -163]) {
    const score = decibels("EQ-R", samplingError(picture(degrees, 0, 0), still, turn(degrees)))!;
    assert(score > 50, `${degrees} degrees: ${score} dB`);
    assert(
      decibels("EQ-R", samplingError(picture(-degrees, 0, 0), still, turn(degrees)))! < score - 25,
      "wrong way",
    );
  }
  assert(decibels("EQ-T", samplingError(picture(0, 3, -2), still, move("EQ-T", 3, -2)))! > 120);
  assert(
    decibels(
      "EQ-T_frac",
      samplingError(picture(0, 1.5, -2.25), still, move("EQ-T_frac", 1.5, -2.25)),
    )! > 38,
  );
  const wrong = decibels(
    "EQ-T_frac",
    samplingError(picture(0, -1.5, 2.25), still, move("EQ-T_frac", 1.5, -2.25)),
  )!;
  assert(wrong < 20, `${wrong}`);
});

Deno.test("max pooling scores worse than filtered downsampling on the same weights", async () => {
  await tf.setBackend("cpu");
  const lowpass = tf.tensor2d(
    Float32Array.from(lowpassKernel({ size: 6, kaiserBeta: 2, normalized: true })),
    [6, 6],
  );
  const weights = [[3, 3, 1, 6], [3, 3, 6, 6], [3, 3, 6, 1]].map((shape, i) =>
    tf.tensor4d(
      Float32Array.from(formulaUniform(300 + i, shape.reduce((a, b) => a * b)), (u) =>
        u * Math.sqrt(3 / (9 * shape[2]!))),
      shape as [number, number, number, number],
    )
  );
  /** A network of three convolutions that goes down to half the size and up again. */
  const network = (down: (x: tf.Tensor4D) => tf.Tensor4D) => ({ shape, values }: Images): Images =>
    tf.tidy(() => {
      const first = tf.relu(tf.conv2d(tf.tensor4d(values, shape), weights[0]!, 1, "same"));
      const inner = tf.relu(tf.conv2d(down(first), weights[1]!, 1, "same"));
      const up = tf.image.resizeBilinear(inner, [size, size], false, true);
      return { shape, values: tf.conv2d(up, weights[2]!, 1, "same").dataSync<"float32">() };
    });
  // Smooth input, so that all aliasing comes from the network itself.
  const x = resample(noiseImages(4, 1, 5), lanczosRotation([size, size], 45));
  const pooled = network((y) => tf.maxPool(y, 2, 2, "valid"));
  const filtered = network((y) => filteredDownsample(y, lowpass));
  // Without the shift PSNR, whose peak grows with the network's own output.
  for (const measure of ["EQ-T", "EQ-T_frac", "EQ-R"] as const) {
    const [worse, better] = [
      await score(measure, pooled, x, 4),
      await score(measure, filtered, x, 4),
    ];
    assert(better > worse + 1, `${measure}: max pooling ${worse} dB, filtered ${better} dB`);
  }
});

Deno.test(`drawn transformations never stand still, and keep to the measure's kind and range (seed ${seed})`, () => {
  for (const side of [8, 16]) {
    for (const measure of measures) {
      const drawn = drawTransformations(measure, [side, side], 50, seed);
      assertEquals(drawn.length, 50);
      for (const { degrees, columns, rows } of drawn) {
        assert(
          degrees !== 0 || columns !== 0 || rows !== 0,
          `${measure}, ${side} pixels: nothing moves`,
        );
        assert(Math.abs(degrees) <= 180 && Math.max(Math.abs(columns), Math.abs(rows)) <= side / 8);
        if (measure === "EQ-T") assertEquals([columns % 1, rows % 1].map(Math.abs), [0, 0]);
      }
    }
  }
});

Deno.test("transformations: whole shifts and half turns are exact, and no known pixel depends on the border", () => {
  const plane = Float64Array.from(formulaUniform(11, size * size));
  const moved = Float64Array.from(
    plane,
    (_, i) => plane[(Math.floor(i / size) + 22) % 24 * 24 + (i % 24 + 21) % 24]!,
  );
  for (const shift of [lanczosShift([size, size], 3, 2), fourierShift([size, size], 3, 2)]) {
    assertClose(shift.apply(plane), moved, 1e-12);
    assertEquals(shift.mask.reduce((a, b) => a + b, 0), 21 * 22);
  }
  // With a fraction, the Lanczos filter needs two pixels before and three after.
  assertEquals(lanczosShift([size, size], 0.5, 0).mask.reduce((a, b) => a + b, 0), 19 * 24);
  for (const degrees of [0, 30, 77]) {
    const rotation = lanczosRotation([size, size], degrees);
    assertClose(
      rotation.apply(new Float64Array(size * size).fill(2)),
      new Float64Array(size * size).fill(2),
      1e-9,
    );
    assert(rotation.mask[size * size / 2 + size / 2] === 1 && rotation.mask[0] === 0);
  }
  assertEquals(lanczosRotation([8, 8], 30).mask.reduce((a, b) => a + b, 0), 0);
  assertEquals(decibels("EQ-R", { squares: 0, count: 0, min: 0, max: 0 }), null);
  assertEquals(decibels("EQ-T", { squares: 0, count: 5, min: 0, max: 1 }), Infinity);
});
