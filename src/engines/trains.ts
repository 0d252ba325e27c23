/** Rejects an engine that cannot train. */
import { UserError } from "../messages/errors.ts";
import type { Engine } from "./engine.ts";

/**
 * Throws if the engine computes no gradients.
 *
 * @param what what is to be trained, for the message: "this spec's network"
 */
export function requireTraining({ name, trains }: Pick<Engine, "name" | "trains">, what: string) {
  if (trains) return;
  throw new UserError(
    `the engine ${name} computes no gradients, so it cannot train ${what}: it only draws with ` +
      "trained models (sample BUNDLE --engine wasm). Train with --engine tensorflow or webgpu",
  );
}
