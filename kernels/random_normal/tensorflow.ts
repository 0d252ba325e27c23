/**
 * Standard normal numbers on the engine `tensorflow`. TensorFlow's own Philox produces the bits for
 * our key and counter; the Box-Muller transform is composed from operations. tfjs has no type for
 * 64-bit and unsigned tensors, so the bits are made by direct calls to the binding and reach tfjs
 * as float32.
 */
import * as tf from "@tensorflow/tfjs";
import { executeOne, idOf, registerForm, tensorflowBackend } from "../shared/tensorflow_form.ts";

const types = { float32: 1, int32: 3, uint32: 22, uint64: 23 };
const typeAttribute = (name: string, type: number) => ({ name, type: 4, value: type });

/**
 * `count` (a multiple of 4) random numbers 0 ... 2^24 - 1 as float32 [count / 4, 4]: the upper bits
 * of the words.
 */
export function upperBits(count: number, key: tf.Tensor1D, counter: tf.Tensor1D): tf.Tensor2D {
  const backend = tensorflowBackend();
  const binding = backend.binding;
  const made: number[] = [];
  const run = (name: string, attributes: unknown[], inputs: number[]) => {
    const output = executeOne(name, attributes, inputs);
    made.push(output.id);
    return output;
  };
  const bitcast = (input: number, from: number, to: number) =>
    run("Bitcast", [typeAttribute("T", from), typeAttribute("type", to)], [input]).id;
  const key64 = bitcast(idOf(key.reshape([1, 2])), types.int32, types.uint64);
  const counter64 = bitcast(idOf(counter.reshape([2, 2])), types.int32, types.uint64);
  const philox = 1;
  const bits = run(
    "StatelessRandomUniformFullIntV2",
    [typeAttribute("dtype", types.uint32), typeAttribute("Tshape", types.int32)],
    [
      idOf(tf.tensor1d([count / 4, 4], "int32")),
      key64,
      counter64,
      idOf(tf.scalar(philox, "int32")),
    ],
  ).id;
  const eight = bitcast(idOf(tf.scalar(8, "int32")), types.int32, types.uint32);
  const upper = run("RightShift", [typeAttribute("T", types.uint32)], [bits, eight]).id;
  const result = run("Cast", [
    typeAttribute("SrcT", types.uint32),
    typeAttribute("DstT", types.float32),
  ], [upper]);
  for (const id of made) if (id !== result.id) binding.deleteTensor(id);
  return backend.createOutputTensor(result) as tf.Tensor2D;
}

/** Registers the kernel. */
export function register(): void {
  registerForm("RandomNormal", ({ key, counter }, { shape }) => {
    const count = tf.util.sizeFromShape(shape);
    const blocks = Math.ceil(count / 4);
    const words = upperBits(4 * blocks, key, counter).reshape([2 * blocks, 2]);
    const first = tf.mul(tf.add(tf.slice2d(words as tf.Tensor2D, [0, 0], [-1, 1]), 0.5), 2 ** -24);
    const angle = tf.mul(tf.slice2d(words as tf.Tensor2D, [0, 1], [-1, 1]), 2 * Math.PI / 2 ** 24);
    const radius = tf.sqrt(tf.mul(tf.log(first), -2));
    const numbers = tf.mul(radius, tf.concat([tf.cos(angle), tf.sin(angle)], 1)).reshape([
      4 * blocks,
    ]);
    return tf.slice(numbers, [0], [count]).reshape(shape);
  });
}
