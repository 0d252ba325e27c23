/**
 * A file of tensors as people save them: names and tensors at the top, or under a key beside the
 * optimizer's state, epochs and averages.
 */
import type { TensorData } from "./tensors.ts";

/** Named tensors, whose elements are read when they are asked for. */
export interface Nest {
  /** The keys that lead to it, joined by dots; "" at the top. */
  key: string;
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Entries beside the tensors: at the top of a checkpoint, say, an epoch. */
  others: readonly string[];
  /** Those of its tensors. */
  read(names: Iterable<string>): Map<string, TensorData>;
}
