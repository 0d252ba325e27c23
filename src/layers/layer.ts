/** The interface of a layer, and small helpers that layers share. */
import type * as tf from "@tensorflow/tfjs";

/** How a parameter is initialized before training, as PyTorch does by default. */
export type Initializer =
  | { kind: "constant"; value: number }
  /** Uniform in [-bound, bound). */
  | { kind: "uniform"; bound: number }
  /** Standard normal. */
  | { kind: "normal" };

/**
 * How a parameter is laid out in memory. PyTorch uses [out, in] and [out, in, height, width]. Here
 * a `matrix` is [in, out] and a `convolution` is [height, width, in, out]; `same` keeps PyTorch's
 * layout.
 */
export type Layout = "same" | "matrix" | "convolution";

/** A trained parameter of a layer. */
export interface Parameter {
  /** Its name within the layer, as in the published state dict. */
  name: string;
  /** PyTorch's shape. */
  shape: number[];
  /** The layout in memory. */
  layout: Layout;
  /** How it is initialized before training. */
  initializer: Initializer;
}

/** A fixed table of numbers that a layer uses and that is never trained. */
export interface Constant {
  /** Its name within the layer. */
  name: string;
  /** The size along each axis. */
  shape: number[];
  /** Row-major. */
  values: number[];
}

/** A shape without the batch: [height, width, channels] for images, [features] for vectors. */
export type Shape = number[];

/** The tensors of a layer, by their names within the layer. */
export interface LayerTensors {
  /** Returns a parameter. */
  parameter(name: string): tf.Tensor;
  /** Returns a constant. */
  constant(name: string): tf.Tensor;
  /** Applies dropout in training. Returns the values unchanged if nothing is dropped. */
  dropped(y: tf.Tensor4D): tf.Tensor4D;
}

/** One kind of layer. `Options` is plain data, so a network's plan is plain data as well. */
export interface Layer<Options> {
  /** The name in the registry. */
  readonly name: string;
  /** The parameters, in the order of the state dict. */
  parameters(options: Options): Parameter[];
  /** The constant tables that the layer uses. */
  constants(options: Options): Constant[];
  /** The shape of the output. Throws if the inputs do not fit. */
  outputShape(inputs: Shape[], options: Options): Shape;
  /** Computes the output with operations that an engine can record: it reads no tensor data. */
  apply(inputs: tf.Tensor[], tensors: LayerTensors, options: Options): tf.Tensor;
}

/**
 * PyTorch's default for convolutions and linear layers: kaiming_uniform with a = sqrt 5, which
 * gives a bound of 1 / sqrt(fanIn).
 */
export function fanInUniform(fanIn: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/** The weight of a convolution without a bias. */
export function convolutionWeight(
  name: string,
  inputs: number,
  outputs: number,
  size: number,
): Parameter {
  return {
    name,
    shape: [outputs, inputs, size, size],
    layout: "convolution",
    initializer: fanInUniform(inputs * size * size),
  };
}

/** The weight and bias of a linear layer. */
export function linearParameters(prefix: string, inputs: number, outputs: number): Parameter[] {
  const initializer = fanInUniform(inputs);
  return [
    { name: `${prefix}.weight`, shape: [outputs, inputs], layout: "matrix", initializer },
    { name: `${prefix}.bias`, shape: [outputs], layout: "same", initializer },
  ];
}

/** The scale and offset of a normalization. */
export function normParameters(prefix: string, channels: number): Parameter[] {
  return [
    {
      name: `${prefix}.weight`,
      shape: [channels],
      layout: "same",
      initializer: { kind: "constant", value: 1 },
    },
    {
      name: `${prefix}.bias`,
      shape: [channels],
      layout: "same",
      initializer: { kind: "constant", value: 0 },
    },
  ];
}
