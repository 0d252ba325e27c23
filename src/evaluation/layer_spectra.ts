/**
 * Measures what each nonlinearity of a network does to the frequencies of its image. A nonlinearity
 * creates frequencies that the image's grid cannot hold; those that are not filtered out fold back
 * as aliasing (Karras et al., arXiv 2106.12423, section 2). The measurement uses the grid of twice
 * the resolution, just before every second pixel is kept.
 */
import * as tf from "@tensorflow/tfjs";
import type { Values } from "../../kernels/shared/reference.ts";
import { UserError } from "../messages/errors.ts";
import type { NetworkPlan, Step } from "../unet/plan.ts";
import { fourierShift } from "./lanczos.ts";
import {
  planeOf,
  type Planes,
  planesOf,
  radialPower,
  roundingPower,
  shareAbove,
} from "./spectrum.ts";
import { beforeDecimation, type Call, kernelNames, nonlinearity } from "./nonlinearity.ts";

/** The maximum number of channels to measure per layer, spread evenly over all. */
const maxChannels = 16;

/** The spectra of one nonlinearity. */
export interface LayerSpectra {
  /** The layer, and which of its nonlinearities: `inc, first`. */
  layer: string;
  /** Pixels per side of its image. */
  size: number;
  /** Radial power of the input, for 0 ... size / 2 cycles per image. */
  before: Float64Array;
  /** Radial power of the output. */
  after: Float64Array;
  /**
   * The fraction of the energy, without the mean, above the layer's Nyquist frequency, which folds
   * back when every second pixel of the doubled image is kept: 0 ... 1. For a plain GELU, the
   * doubled image comes from ideal interpolation; for an alias-free one, it is its own, after its
   * filter.
   */
  folds: number;
  /**
   * How far it fails to commute with a shift by half a pixel: the energy of f(shift(x)) -
   * shift(f(x)) beside that of f(x), mean left out. What folds onto its own frequency, as the
   * spectral images of doubling do, is no error.
   */
  halfPixelError: number;
}

/**
 * Measures the spectra of all nonlinearities of image layers while a network is applied. The engine
 * must allow reading its tensors at once: `tensorflow`, `wasm` or `cpu`.
 *
 * @param plan of the network
 * @param applyOnce applies the network to the image with this index, without `jit`
 * @param count the number of images, over which the spectra are averaged
 * @throws {UserError} on an engine that cannot do this
 */
export function measureLayerSpectra(
  plan: NetworkPlan,
  applyOnce: (index: number) => void,
  count: number,
): LayerSpectra[] {
  if (plan.steps.some(isComposed)) {
    throw new UserError(
      "spectra of a jinc that is padded otherwise than with zeros, or has a bypass, cannot be " +
        "measured yet: leave out --spectra",
    );
  }
  const names = nonlinearityNames(plan);
  const sums = new Map<string, LayerSpectra>();
  for (let index = 0; index < count; index++) {
    const spectra: LayerSpectra[] = [];
    observed((call) => spectra.push(spectraOf(call, names[spectra.length])), () => {
      applyOnce(index);
    });
    if (spectra.length !== names.length) {
      throw new Error(`${spectra.length} nonlinearities were called instead of ${names.length}`);
    }
    for (const one of spectra) sums.set(one.layer, added(sums.get(one.layer), one, count));
  }
  return [...sums.values()];
}

/** Whether a step's nonlinearities are no single kernel on the layer's own image. */
function isComposed({ layer, options }: Step): boolean {
  return layer === "double-convolution" && options.filters?.kind === "jinc" &&
    (options.filters.padding !== "zero" || options.bypass);
}

/** A plan's double convolutions contain one nonlinearity, or two if they are residual. */
function nonlinearityNames(plan: NetworkPlan): string[] {
  return plan.steps.flatMap((step) => {
    if (step.layer !== "double-convolution") return [];
    // One name for a layer in all architectures, whose published names differ.
    const name = step.name.replace(/\.maxpool_conv\.(\d)/, (_, at) => `.conv.${Number(at) - 1}`);
    const first = `${name}, first`;
    return step.options.residual ? [first, `${name}, last`] : [first];
  });
}

function added(
  sum: LayerSpectra | undefined,
  one: LayerSpectra,
  count: number,
): LayerSpectra {
  const plus = (a: Float64Array | undefined, b: Float64Array) =>
    b.map((value, i) => (a?.[i] ?? 0) + value / count);
  return {
    layer: one.layer,
    size: one.size,
    before: plus(sum?.before, one.before),
    after: plus(sum?.after, one.after),
    folds: (sum?.folds ?? 0) + one.folds / count,
    halfPixelError: (sum?.halfPixelError ?? 0) + one.halfPixelError / count,
  };
}

function spectraOf(call: Call, layer = "?"): LayerSpectra {
  const { x } = call.inputs;
  const [y] = call.outputs;
  if (!x || !y) throw new Error(`${call.name} was seen without input or output`);
  const [before, after] = [someChannels(x), someChannels(y)];
  return {
    layer,
    size: before.size,
    before: radialPower(before),
    after: radialPower(after),
    folds: shareAbove(beforeDecimation(call, before), before.size / 2),
    halfPixelError: halfPixelError(call, before),
  };
}

function someChannels({ shape, data }: Values): Planes {
  const [images = 0, height = 0, width = 0, channels = 0] = shape;
  return planesOf(data, [images, height, width, channels], maxChannels);
}

/**
 * How far the nonlinearity and a shift by half a pixel along both axes fail to commute: the energy
 * of f(shift(x)) - shift(f(x)) beside that of f(x), its mean left out.
 */
function halfPixelError(call: Call, planes: Planes): number {
  const { size } = planes;
  const { apply } = fourierShift([size, size], 0.5, 0.5);
  const shifted = (of: Planes): Planes => ({ ...of, values: eachPlane(of, apply) });
  const still = nonlinearity(call, planes);
  const moved = nonlinearity(call, shifted(planes));
  const wanted = shifted(still);
  let error = 0;
  let energy = 0;
  let means = 0;
  for (let plane = 0; plane < planes.count; plane++) {
    const values = planeOf(still.values, plane, size);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    energy += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    means += values.length * mean ** 2;
    const expected = planeOf(wanted.values, plane, size);
    planeOf(moved.values, plane, size).forEach((value, i) => {
      error += (value - (expected[i] ?? 0)) ** 2;
    });
  }
  return energy <= roundingPower * means ? 0 : error / energy;
}

function eachPlane(
  { size, values, count }: Planes,
  apply: (plane: Float64Array) => Float64Array,
): Float64Array {
  const out = new Float64Array(count * size * size);
  for (let plane = 0; plane < count; plane++) {
    out.set(apply(planeOf(values, plane, size)), plane * size * size);
  }
  return out;
}

/** Calls `run`, and reports every call of a nonlinearity on images meanwhile. */
function observed(see: (call: Call) => void, run: () => void): void {
  const backendName = tf.getBackend();
  const backend = tf.backend();
  if (backendName === "webgpu") {
    throw new UserError(
      "spectra need the values of each layer as it is computed, which webgpu does not allow: use " +
        "--engine tensorflow, wasm or cpu",
    );
  }
  const read = ({ shape, dataId }: tf.TensorInfo): Values => ({
    shape,
    // Values of the type string are no TypedArray, but no tensor here has them.
    data: Float64Array.from(backend.readSync(dataId) as tf.TypedArray),
  });
  const originals = kernelNames.flatMap((name) => {
    const kernel = tf.getKernel(name, backendName);
    return kernel ? [{ name, kernel }] : [];
  });
  for (const { name, kernel } of originals) {
    replaceKernel({
      ...kernel,
      kernelFunc: (call) => {
        const result = kernel.kernelFunc(call);
        const outputs = Array.isArray(result) ? result : [result];
        const inputs = Object.entries(call.inputs).flatMap(([name, input]) =>
          isTensor(input) ? [[name, input] as const] : []
        );
        const x = inputs.find(([name]) => name === "x")?.[1];
        if (x?.shape.length === 4) {
          see({
            name,
            inputs: Object.fromEntries(inputs.map(([key, info]) => [key, read(info)])),
            outputs: outputs.map(read),
            bypass: Boolean(call.attrs?.["bypass"]),
          });
        }
        return result;
      },
    });
  }
  try {
    run();
  } finally {
    for (const { kernel } of originals) replaceKernel(kernel);
  }
}

/** The registry's type allows lists, which the kernels here do not take. */
function isTensor(input: tf.TensorInfo | tf.TensorInfo[] | undefined): input is tf.TensorInfo {
  return input !== undefined && !Array.isArray(input);
}

function replaceKernel(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
