import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
// Made by NumPy: `plain` has x_train = arange(24, uint8) of 2x3x4, y_train, f = x_train as int64 in
// column-major order, a float16 scalar h, an empty e; `compressed` has x = x_train 40 times, texts,
// Python objects, and big-endian numbers.
import compressed from "./fixtures/compressed.npz" with { type: "bytes" };
import plain from "./fixtures/plain.npz" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";
import { decodeNpy, decodeNpz, isNpy, isNpz } from "./npy.ts";
import { toFloat32 } from "./tensors.ts";
import { decodeZip } from "./zip.ts";

const range = Array.from({ length: 24 }, (_, i) => i);
const x = decodeZip(plain, "plain.npz").get("x_train.npy")!;

Deno.test("NumPy's archives: names, shapes, types, elements", () => {
  assert(isNpz(plain) && isNpz(compressed) && !isNpz(x) && isNpy(x));
  const { arrays, unread } = decodeNpz(plain, "a.npz");
  assertEquals(unread.size, 0);
  assertEquals(
    [...arrays].map(([name, { dtype, shape }]) => `${name} ${dtype} ${JSON.stringify(shape)}`),
    ["x_train U8 [2,3,4]", "y_train U8 [2]", "f I64 [2,3,4]", "h F16 []", "e F32 [0,3]"],
  );
  assertEquals([...arrays.get("x_train")!.data as Uint8Array], range);
  assertEquals([...arrays.get("y_train")!.data as Uint8Array], [3, 9]);
  assertEquals([...arrays.get("f")!.data as BigInt64Array].map(Number), range);
  assertEquals(toFloat32(arrays.get("h")!), Float32Array.of(0.5));
});

Deno.test("compressed arrays are read, and arrays of anything but plain numbers are listed", () => {
  const { arrays, unread } = decodeNpz(compressed, "a.npz");
  assertEquals([...arrays.keys()], ["x"]);
  assertEquals(arrays.get("x")!.shape, [80, 3, 4]);
  assertEquals([...arrays.get("x")!.data.slice(-24) as Uint8Array], range);
  assertEquals([...unread], [
    ["names", "its elements are not plain numbers"],
    ["objects", "its elements are Python objects (pickles), which are not opened"],
    ["big", "it is big-endian; save array.astype(array.dtype.newbyteorder('<'))"],
  ]);
});

Deno.test("damaged arrays and archives are refused", () => {
  for (const whole of [plain, compressed]) {
    for (let length = 0; length < whole.length; length += 5) {
      assertThrows(() => decodeNpz(whole.subarray(0, length), "a.npz"), UserError, "a.npz");
    }
  }
  for (let length = 0; length < x.length; length += 3) {
    assertThrows(() => decodeNpy(x.subarray(0, length), "a.npy"), UserError, "a.npy");
  }
  assertThrows(() => decodeNpy(Uint8Array.of(...x, 0), "a.npy"), UserError, "it has 25");
  const header = (text: string) =>
    Uint8Array.from(
      `\x93NUMPY\x01\0${String.fromCharCode(text.length)}\0${text}`,
      (letter) => letter.charCodeAt(0),
    );
  const shaped = (shape: string) =>
    header(`{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }\n`);
  assertEquals(decodeNpy(shaped("(0,)"), "a").shape, [0]);
  assertThrows(() => decodeNpy(shaped("(9999999999, 9999999999)"), "a"), UserError, "impossible");
  assertThrows(() => decodeNpy(shaped("(99999999,)"), "a"), UserError, "needs 99999999 bytes");
  assertThrows(() => decodeNpy(header("{}"), "a"), UserError, "header is damaged");
});

Deno.test("fuzzing: damaged NumPy archives and arrays", async () => {
  await fuzz([plain, compressed], (bytes) => decodeNpz(bytes, "a"));
  await fuzz([x.slice()], (bytes) => decodeNpy(bytes, "a"));
});
