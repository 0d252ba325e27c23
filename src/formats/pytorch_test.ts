import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import checkpoint from "../golden/d_1ch_8px.pt" with { type: "bytes" };
import { assertClose, formulaWeights } from "../golden/golden.ts";
import { fuzz } from "./fuzz.ts";
// Both contain the same state dict: PyTorch 2.15's torch.save(state) and torch.save(state,
// _use_new_zipfile_serialization=False) of Linear(3, 2) and BatchNorm1d(2) after
// torch.manual_seed(0), and of tensors of every supported type; `transposed` and `part` are views
// of one arange(24).reshape(4, 6).
import legacy from "./fixtures/legacy.pt" with { type: "bytes" };
import zip from "./fixtures/zip.pt" with { type: "bytes" };
// PyTorch 2.15's torch.save of what Lightning stores: the state dict of Linear(3, 2) under `net.`,
// the optimizer's, arguments, a path, a NumPy scalar, a counter, a set, complex numbers, averages.
import lightning from "./fixtures/lightning.ckpt" with { type: "bytes" };
import { decodePickle } from "./pickle.ts";
import { decodeCheckpoint, decodePyTorch } from "./pytorch.ts";
import { toFloat32 } from "./tensors.ts";

const range = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => value(i));

for (const [name, bytes] of [["zip", zip], ["legacy", legacy]] as const) {
  Deno.test(`a state dict in PyTorch's ${name} format: names, types, shapes, elements`, () => {
    const tensors = decodePyTorch(bytes);
    const floats = (key: string) => [...toFloat32(tensors.get(key)!)];
    assertEquals(
      [...tensors].map(([key, { dtype, shape }]) => `${key} ${dtype} ${JSON.stringify(shape)}`)
        .join(", "),
      "0.weight F32 [2,3], 0.bias F32 [2], 1.weight F32 [2], 1.bias F32 [2], " +
        "1.running_mean F32 [2], 1.running_var F32 [2], 1.num_batches_tracked I64 [], " +
        "transposed F32 [6,4], part F32 [2,6], half F16 [3], bfloat BF16 [2], " +
        "double F64 [1,1], bool BOOL [2], byte U8 [2], int I32 [1], empty F32 [0,3], " +
        "scalar F32 []",
    );
    assertClose(floats("0.bias"), [-0.011439144611358643, 0.45777493715286255], 0);
    assertClose(floats("0.weight").slice(0, 2), [-0.004322517663240433, 0.3097158372402191], 0);
    assertEquals(floats("transposed"), range(24, (i) => (i % 4) * 6 + Math.floor(i / 4)));
    assertEquals(floats("part"), range(12, (i) => i + 6));
    assertEquals(floats("half"), [0.5, -2, 65504]);
    assertEquals(floats("bfloat"), [1.5, -3.140625]);
    assertEquals([...tensors.get("double")!.data], [1e-300]);
    assertEquals([...floats("bool"), ...floats("byte"), ...floats("int"), ...floats("scalar")], [
      1,
      0,
      0,
      255,
      -7,
      2.5,
    ]);
  });
}

Deno.test("the golden checkpoint has the formula's weights", () => {
  const tensors = decodePyTorch(checkpoint);
  assert(tensors.size > 100);
  [...tensors].forEach(([name, { dtype, shape, data }], index) => {
    assertEquals(dtype, "F32");
    assertClose(data as Float32Array, formulaWeights(index, name, shape), 1e-7, name);
  });
});

Deno.test("a checkpoint's tensors are found in nested dicts", () => {
  const groups = decodeCheckpoint(lightning);
  assertEquals(groups.map(({ key }) => key), ["state_dict", "ema.shadow"]);
  const [model, average] = groups;
  assertEquals([...model!.shapes], [["net.weight", [2, 3]], ["net.bias", [2]]]);
  assertEquals(average!.others, []);
  const { data } = model!.read(["net.bias"]).get("net.bias")!;
  assertEquals(data, average!.read(["bias"]).get("bias")!.data);
  assertThrows(() => decodePyTorch(lightning, "x.ckpt"), UserError, "no state dict");
});

Deno.test("a dict that occurs many times in nested dicts is visited once", () => {
  // BINPUT n, POP, a new dict, then "a" and "b" with the dict before: 2^50 paths to the innermost.
  const level = (n: number) => {
    const before = `h${String.fromCharCode(n)}`;
    return `q${String.fromCharCode(n)}0}(\x8c\x01a${before}\x8c\x01b${before}u`;
  };
  const deep = "}" + Array.from({ length: 50 }, (_, n) => level(n)).join("") + ".";
  let end = 0;
  for (let header = 0; header < 3; header++) {
    end = decodePickle(legacy, { globals: new Map() }, "legacy.pt", end).end;
  }
  const pickle = Uint8Array.from(deep + "].", (letter) => letter.charCodeAt(0));
  const file = Uint8Array.from([...legacy.subarray(0, end), ...pickle]);
  assertThrows(() => decodeCheckpoint(file), UserError, "no state dict");
});

Deno.test("the location of a storage is ignored: cuda:0 reads as cpu", () => {
  const gpu = legacy.slice();
  const text = new TextEncoder().encode("cpu");
  const found: number[] = [];
  for (let at = 0; at < gpu.length; at++) {
    if (text.every((byte, i) => gpu[at + i] === byte)) found.push(at);
  }
  assert(found.length > 0);
  // "cpu" is one text of three letters, written once and recalled; replace it by one of six.
  const at = found[0]!;
  assertEquals([gpu[at - 5], gpu[at - 4]], ["X".charCodeAt(0), 3]);
  const moved = Uint8Array.from([
    ...gpu.subarray(0, at - 4),
    ...[6, 0, 0, 0],
    ...new TextEncoder().encode("cuda:0"),
    ...gpu.subarray(at + 3),
  ]);
  assertEquals(decodePyTorch(moved), decodePyTorch(legacy));
});

Deno.test("pickles that call Python code are refused, and nothing is executed", () => {
  // Written by Python's pickle from objects whose __reduce__ asks for os.system("echo hacked") and
  // eval("1+1").
  const hostile: [string, string][] = [
    [
      "posix.system",
      "63706f7369780a73797374656d0a70300a28566563686f206861636b65640a70310a7470320a5270330a2e",
    ],
    [
      "posix.system",
      "800263706f7369780a73797374656d0a7100580b0000006563686f206861636b656471018571025271032e",
    ],
    [
      "posix.system",
      "80049526000000000000008c05706f736978948c0673797374656d9493948c0b6563686f206861636b656494859452942e",
    ],
    [
      "__builtin__.eval",
      "8002635f5f6275696c74696e5f5f0a6576616c0a71005803000000312b3171018571025271032e",
    ],
    [
      "builtins.eval",
      "8004951f000000000000008c086275696c74696e73948c046576616c9493948c03312b3194859452942e",
    ],
  ];
  for (const [name, hex] of hostile) {
    const bytes = Uint8Array.fromHex(hex);
    assertThrows(() => decodePyTorch(bytes, "hostile.pt"), UserError, name);
    // In place of the legacy format's state dict, after its three header pickles.
    let at = 0;
    for (let header = 0; header < 3; header++) {
      at = decodePickle(legacy, { globals: new Map() }, "legacy.pt", at).end;
    }
    const inside = Uint8Array.from([...legacy.subarray(0, at), ...bytes, ...legacy.subarray(at)]);
    assertThrows(
      () => decodePyTorch(inside, "hostile.pt"),
      UserError,
      "nothing is executed",
    );
  }
  // INST, OBJ, NEWOBJ, EXT1, and BINPERSID without external data.
  for (const code of ["i", "o", "\x81", "\x82", "Q"]) {
    const bytes = Uint8Array.from(`N${code}.`, (letter) => letter.charCodeAt(0));
    assertThrows(() => decodePyTorch(bytes, "hostile.pt"), UserError, "hostile.pt");
  }
});

Deno.test("lists that contain one list twice, fifty levels deep, are not expanded", () => {
  // BINPUT n, POP, a new list, MARK, BINGET n twice, APPENDS.
  const level = (n: number) =>
    ["q", "0](h", "h"].join(String.fromCharCode(n)) + String.fromCharCode(n) + "e";
  const deep = "]" + Array.from({ length: 50 }, (_, n) => level(n)).join("");
  for (const end of ["\x8c\x01a\x93.", "h\x01\x93.", "Q.", "."]) {
    const bytes = Uint8Array.from(deep + end, (letter) => letter.charCodeAt(0));
    assertThrows(() => decodePyTorch(bytes, "hostile.pt"), UserError, "hostile.pt");
  }
});

Deno.test("anything but a state dict is refused", () => {
  assertThrows(() => decodePyTorch(new Uint8Array(), "x.pt"), UserError, "x.pt");
  assertThrows(
    () => decodePyTorch(new TextEncoder().encode("not a checkpoint"), "x.pt"),
    UserError,
    "x.pt",
  );
  for (const bytes of [zip, legacy]) {
    for (let length = 0; length < bytes.length; length += 7) {
      assertThrows(() => decodePyTorch(bytes.subarray(0, length), "x.pt"), UserError, "x.pt");
    }
  }
});

Deno.test("every damaged byte of an archive's data is found", () => {
  for (let at = 0; at < zip.length; at += 11) {
    const bytes = zip.slice();
    bytes[at]! ^= 4;
    let tensors;
    try {
      tensors = decodePyTorch(bytes);
    } catch (error) {
      assert(error instanceof UserError);
      continue;
    }
    // Undetected damage is outside the data: the archive's padding, dates and versions.
    assertEquals([...tensors], [...decodePyTorch(zip)]);
  }
});

Deno.test("fuzzing: damaged PyTorch files", async () => {
  await fuzz([legacy, zip], (bytes) => decodePyTorch(bytes));
  await fuzz(
    [lightning],
    (bytes) => decodeCheckpoint(bytes).map(({ shapes, read }) => read(shapes.keys())),
  );
});
