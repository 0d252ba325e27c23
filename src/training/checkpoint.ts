/**
 * Checkpoints: a training's state, losses and previews in one safetensors file that is written
 * atomically.
 */
import type { EnginePlatform } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { readTensorFile, type TensorData, writeTensors } from "../formats/safetensors.ts";

/** What a checkpoint states about itself in the file's metadata. */
export interface CheckpointOrigin {
  /**
   * Digest of the training and its data. Only a training with the same digest may continue from
   * here.
   */
  training: string;
  /** The engines and devices that worked on it; the last one wrote it. */
  places: EnginePlatform[];
}

/** A checkpoint as stored in a file. */
export interface Checkpoint extends CheckpointOrigin {
  /** The loss of each step so far. */
  losses: number[];
  /** The state's tensors, see `stateTensors`. */
  tensors: Map<string, TensorData>;
  /** Images drawn during training: uint8 [epochs, count, size, size, channels]. */
  previews: TensorData | null;
}

/** Writes a checkpoint. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const { losses, tensors, previews, training, places } = checkpoint;
  const all = new Map(tensors);
  all.set("losses", { dtype: "F32", shape: [losses.length], data: Float32Array.from(losses) });
  if (previews) all.set("previews", previews);
  await writeTensors(path, all, { training, places: JSON.stringify(places) });
}

/**
 * Reads a checkpoint, or returns null if there is none.
 *
 * @throws UserError if the file is damaged or is not a checkpoint
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const { tensors, metadata } = await readTensorFile(path);
  const losses = tensors.get("losses");
  const { training } = metadata;
  const places = readPlaces(metadata);
  if (!losses || !training || places.length === 0) {
    throw new UserError(`${path}: this is not a checkpoint`);
  }
  const previews = tensors.get("previews") ?? null;
  tensors.delete("losses");
  tensors.delete("previews");
  return { losses: Array.from(losses.data as Float32Array), tensors, previews, training, places };
}

/** The places listed in a checkpoint's metadata; none if they are damaged. */
function readPlaces({ places = "[]" }: Record<string, string>): EnginePlatform[] {
  try {
    const list: unknown = JSON.parse(places);
    return Array.isArray(list) && list.every((place) => typeof place?.name === "string")
      ? list
      : [];
  } catch {
    return [];
  }
}
