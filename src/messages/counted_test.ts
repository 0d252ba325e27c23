import { assertEquals } from "@std/assert";
import { counted } from "./counted.ts";

Deno.test("counted: singular for one, and thousands separated", () => {
  const words = [0, 1, 2, 2000].map((count) => counted(count, "preview"));
  assertEquals(words, ["0 previews", "1 preview", "2 previews", "2,000 previews"]);
});
