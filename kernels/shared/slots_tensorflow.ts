/**
 * Runs a step over all parameters of a network on the engine `tensorflow`. Most parameters are
 * small, and an operation's fixed cost exceeds the work on them. So the small ones are concatenated
 * and handled as one.
 */
import * as tf from "@tensorflow/tfjs";

/** Size of a parameter up to which copying it is cheaper than running separate operations. */
const smallSize = 2 ** 15;

/**
 * Applies an elementwise step to every slot.
 *
 * @param slots the tensors of each slot, all of one shape
 * @param step maps the tensors of one slot to its outputs, each of the slot's shape
 * @returns the outputs of each slot
 */
export function eachSlot(
  slots: tf.Tensor[][],
  step: (tensors: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor[][] {
  const small = slots.filter(([first]) => first!.size <= smallSize);
  if (small.length < 2) return slots.map(step);
  const sizes = small.map(([first]) => first!.size);
  const columns = small[0]!.map((_, column) =>
    tf.concat1d(small.map((slot) => slot[column]!.flatten() as tf.Tensor1D))
  );
  const parts = step(columns).map((output) => tf.split(output, sizes));
  const outputs = small.map(([first], i) => parts.map((part) => part[i]!.reshape(first!.shape)));
  let next = 0;
  return slots.map((slot) => slot[0]!.size <= smallSize ? outputs[next++]! : step(slot));
}
