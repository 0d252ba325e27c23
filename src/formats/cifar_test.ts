import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { cifarImage, decodeCifarBinary, decodeCifarPython } from "./cifar.ts";
// Two images with bytes arange(2 * 3072) % 251 and the labels 3 and 9: once as Python 2 wrote the
// published batches (byte strings, read back with Python's own pickle.loads), and once as Python 3
// and NumPy 2 write them.
import python2 from "./fixtures/cifar_python2.pkl" with { type: "bytes" };
import python3 from "./fixtures/cifar_python3.pkl" with { type: "bytes" };
import { fuzz } from "./fuzz.ts";

const planes = Uint8Array.from({ length: 2 * 3072 }, (_, i) => i % 251);
const binary = Uint8Array.from([3, ...planes.subarray(0, 3072), 9, ...planes.subarray(3072)]);

Deno.test("binary and Python batches contain the same images and labels", () => {
  const batches = [
    decodeCifarBinary(binary, "a"),
    decodeCifarPython(python2, "b"),
    decodeCifarPython(python3, "c"),
  ];
  for (const batch of batches) {
    assertEquals([...batch.labels as number[]], [3, 9]);
    assertEquals([...batch.planes(0), ...batch.planes(1)], [...planes]);
    const { width, height, channels, data } = cifarImage(batch, 1);
    assertEquals([width, height, channels], [32, 32, 3]);
    // Planes become pixels: row 2, column 5 of the second image.
    const pixel = 2 * 32 + 5;
    assertEquals(
      [...data.subarray(3 * pixel, 3 * pixel + 3)],
      [0, 1, 2].map((c) => (3072 + c * 1024 + pixel) % 251),
    );
  }
});

Deno.test("batches that are damaged, or contain more than arrays, are refused", () => {
  assertThrows(() => decodeCifarBinary(binary.subarray(1), "a.bin"), UserError, "a.bin");
  assertThrows(() => decodeCifarBinary(new Uint8Array(), "a.bin"), UserError, "a.bin");
  for (const whole of [python2, python3]) {
    for (let length = 0; length < whole.length; length += 97) {
      assertThrows(() => decodeCifarPython(whole.subarray(0, length), "a"), UserError, "a");
    }
  }
  const text = Array.from(python2, (byte) => String.fromCharCode(byte)).join("");
  const changed = (from: string, to: string) =>
    Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
  const faults: [string, Uint8Array][] = [
    ["posix.system", changed("cnumpy\nndarray", "cposix\nsystem")],
    [
      "calls something that is not a known function",
      changed("cnumpy.core.multiarray\n_reconstruct", "cnumpy\nndarray"),
    ],
    ["2 labels, but", changed("\x00\x0c\x86", "\x01\x0c\x86")],
    ["bytes in rows", changed("u1", "i8")],
    ['no "labels"', changed("U\x06labels", "U\x06labell")],
  ];
  for (const [what, bytes] of faults) {
    assertThrows(() => decodeCifarPython(bytes, "a"), UserError, what);
  }
});

Deno.test("fuzzing: damaged CIFAR-10 batches", async () => {
  await fuzz([python2, python3], (bytes) => decodeCifarPython(bytes, "a"), { maxRounds: 1500 });
  await fuzz([binary], (bytes) => decodeCifarBinary(bytes, "a"), { maxRounds: 300 });
});
