/** Refusing an engine that only draws where a network is to be trained. */
import { UserError } from "../errors.ts";
import type { Engine } from "./engine.ts";

/**
 * Throws where the engine computes no gradients.
 *
 * @param what is to be trained, for the message: "this spec's network"
 */
export function requireTraining({ name, trains }: Pick<Engine, "name" | "trains">, what: string) {
  if (trains) return;
  throw new UserError(
    `the engine ${name} computes no gradients, so it cannot train ${what}: it draws with trained ` +
      "models (sample BUNDLE --engine wasm). Train with --engine tensorflow or webgpu",
  );
}
