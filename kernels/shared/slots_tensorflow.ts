/**
 * Runs a step over all parameters of a network on the engine `tensorflow`. Most parameters are
 * small, and an operation's fixed cost exceeds the work on them. So the small ones are concatenated
 * and handled as one.
 */
import * as tf from "@tensorflow/tfjs";
import { named, slotsOf } from "./named.ts";
import { rank1 } from "./ranks.ts";

/** Size of a parameter up to which copying it is cheaper than running separate operations. */
const smallSize = 2 ** 15;

/** The tensors of a slot, all of one shape. */
type Slot<Name extends string> = Readonly<Record<Name, tf.Tensor>>;

/**
 * Applies an elementwise step to every slot.
 *
 * @param inputs the tensors of all slots; see {@link slotsOf}
 * @param names of a slot's tensors
 * @param step maps the tensors of one slot to its outputs, each of the slot's shape
 * @returns the outputs of all slots, in order
 */
export function eachSlot<Name extends string>(
  inputs: Readonly<Record<string, tf.Tensor>>,
  names: readonly (Name | "parameter")[],
  count: number,
  step: (slot: Slot<Name | "parameter">) => tf.Tensor[],
): tf.Tensor[] {
  const slots = slotsOf(inputs, names, count);
  const small = slots.filter(({ parameter }) => parameter.size <= smallSize);
  if (small.length < 2) return slots.flatMap(step);

  const sizes = small.map(({ parameter }) => parameter.size);
  const joined = names.map((name) => tf.concat1d(small.map((slot) => rank1(slot[name].flatten()))));
  const parts = step(named(names, joined)).map((output) => tf.split(output, sizes));
  const outputs = new Map(
    small.map((slot, i) => [slot, parts.map((part) => part[i]!.reshape(slot.parameter.shape))]),
  );
  return slots.flatMap((slot) => outputs.get(slot) ?? step(slot));
}
