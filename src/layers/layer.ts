/** What a layer of the network is, and the small parts that layers share. */
import type * as tf from "@tensorflow/tfjs";

/** How a parameter is filled before training: PyTorch's default initializers. */
export type Initializer =
  | { kind: "constant"; value: number }
  /** Uniform in [-bound, bound). */
  | { kind: "uniform"; bound: number }
  /** Standard normal. */
  | { kind: "normal" };

/**
 * How a parameter lies in memory here, where PyTorch has [out, in] and [out, in, height, width]: a
 * matrix as [in, out], a convolution as [height, width, in, out], `same` as PyTorch has it.
 */
export type Layout = "same" | "matrix" | "convolution";

/** A trained parameter of a layer. */
export interface Parameter {
  /** Its name within the layer, as in the published state dict. */
  name: string;
  /** PyTorch's shape. */
  shape: number[];
  /** How it lies in memory. */
  layout: Layout;
  /** How it is filled before training. */
  initializer: Initializer;
}

/** A table of numbers that a layer computes with and that is never trained. */
export interface Constant {
  /** Its name within the layer. */
  name: string;
  /** Its size along each axis. */
  shape: number[];
  /** Row-major. */
  values: number[];
}

/** A shape without the batch: [height, width, channels] of images, [features] of vectors. */
export type Shape = number[];

/** What a layer computes with, by the names within the layer. */
export interface LayerTensors {
  /** A parameter by its name within the layer. */
  parameter(name: string): tf.Tensor;
  /** A constant by its name within the layer. */
  constant(name: string): tf.Tensor;
}

/** One kind of layer. `Options` is plain data, so that a plan of a network is, too. */
export interface Layer<Options> {
  /** The name in the registry. */
  readonly name: string;
  /** The parameters in the order of the state dict. */
  parameters(options: Options): Parameter[];
  /** The tables that the layer computes with. */
  constants(options: Options): Constant[];
  /** The output's shape. Throws where the inputs do not fit. */
  outputShape(inputs: Shape[], options: Options): Shape;
  /** Computes the output with operations that an engine can record: no tensor is read. */
  apply(inputs: tf.Tensor[], tensors: LayerTensors, options: Options): tf.Tensor;
}

/**
 * PyTorch's default of convolutions and linear layers: kaiming_uniform with a = sqrt 5 comes to 1 /
 * sqrt(fanIn).
 */
export function fanInUniform(fanIn: number): Initializer {
  return { kind: "uniform", bound: 1 / Math.sqrt(fanIn) };
}

/** A convolution's weight, without a bias. */
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

/** The weight and the bias of a linear layer. */
export function linearParameters(prefix: string, inputs: number, outputs: number): Parameter[] {
  const initializer = fanInUniform(inputs);
  return [
    { name: `${prefix}.weight`, shape: [outputs, inputs], layout: "matrix", initializer },
    { name: `${prefix}.bias`, shape: [outputs], layout: "same", initializer },
  ];
}

/** The scale and the offset of a normalization. */
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
