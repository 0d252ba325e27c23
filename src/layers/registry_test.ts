import { assertEquals, assertThrows } from "@std/assert";
import { layerNamed, layers } from "./registry.ts";

Deno.test("every layer is registered under its own name", () => {
  for (const [name, layer] of Object.entries(layers)) {
    assertEquals(layer.name, name);
    assertEquals(layerNamed(name), layer);
  }
});

Deno.test("the error for an unknown layer names the nearest known one, or all", () => {
  assertThrows(
    () => layerNamed("self-atention"),
    RangeError,
    'no layer "self-atention"; did you mean self-attention?',
  );
  assertThrows(() => layerNamed("zzz"), RangeError, "known: max-pooling,");
  assertThrows(() => layerNamed("toString"), RangeError, "there is no layer");
});
