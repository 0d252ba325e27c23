/**
 * The groups of named tensors in a checkpoint: at the top level, or under a key next to the
 * optimizer's state, epochs and averages.
 */
import type { TensorData } from "./tensors.ts";

/** Named tensors, whose elements are read on demand. */
export interface TensorGroup {
  /** The keys that lead to it, joined by dots; empty at the top level. */
  key: string;
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Other entries next to the tensors, such as an epoch at the top level of a checkpoint. */
  others: readonly string[];
  /** Reads the tensors with these names. */
  read(names: Iterable<string>): Map<string, TensorData>;
}
