import { assertEquals, assertThrows } from "@std/assert";
import { unrolled } from "./wgsl.ts";

Deno.test("unrolled: loops up to a known length are written out, others stay", () => {
  const loop = (body: string, name = "N", suffix = "u") =>
    `for (var i = 0${suffix}; i < ${name}; i++) {${body}}`;
  assertEquals(
    unrolled(`a;\n${loop(" x[i] = 1; ")}\nb;`, { N: 2 }),
    "a;\n{ const i = 0u; x[i] = 1; }\n{ const i = 1u; x[i] = 1; }\nb;",
  );
  assertEquals(unrolled(loop("x;", "N", ""), { N: 1 }), "{ const i = 0;x;}");
  assertEquals(
    unrolled(loop(" if (y) { x; } "), { N: 2 }),
    "{ const i = 0u; if (y) { x; } }\n{ const i = 1u; if (y) { x; } }",
  );
  for (const [code, lengths] of [[loop("x;"), { M: 2 }], [loop("x;"), { N: 33 }]] as const) {
    assertEquals(unrolled(code, lengths), code);
  }
  const nested = unrolled(`for (var j = 0u; j < M; j++) {${loop("x[i][j];")}}`, { N: 2, M: 2 });
  assertEquals(nested.match(/x\[i\]\[j\]/g)?.length, 4);
  assertThrows(
    () => unrolled(loop("if (y) { continue; }"), { N: 2 }),
    Error,
    "cannot be written out",
  );
});
