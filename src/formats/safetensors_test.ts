import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import golden from "../golden/golden.safetensors" with { type: "bytes" };
import { goldenCase } from "../golden/golden.ts";
import { fuzz } from "./fuzz.ts";
import {
  decodeMetadata,
  decodeTensors,
  encodeTensors,
  readTensorFile,
  readTensors,
  type TensorData,
  writeTensors,
} from "./safetensors.ts";
import { toFloat32 } from "./tensors.ts";

const mixed = new Map<string, TensorData>([
  ["b.weight", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -0) }],
  ["odd", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["c.10", { dtype: "F16", shape: [2], data: Uint16Array.of(0x3800, 0xc000) }],
  ["c.2", { dtype: "BF16", shape: [1], data: Uint16Array.of(0x3fc0) }],
  ["__proto__", { dtype: "I64", shape: [], data: BigInt64Array.of(-7n) }],
  ["none", { dtype: "F64", shape: [0, 4], data: new Float64Array() }],
]);

/** A file with a custom header. */
function file(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

Deno.test("reading restores what was written: order, types, shapes, elements, metadata", () => {
  const metadata = { spec: "é", about: 'a "quoted" text' };
  const bytes = encodeTensors(mixed, metadata);
  assertEquals([...decodeTensors(bytes)], [...mixed]);
  assertEquals(decodeMetadata(bytes), metadata);
  assertEquals(
    encodeTensors(decodeTensors(bytes), { about: metadata.about, spec: metadata.spec }),
    bytes,
  );
  // The header ends at a multiple of eight bytes, so that all elements are aligned.
  assertEquals(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8, 0);
  assertEquals(decodeTensors(encodeTensors(new Map())).size, 0);
});

Deno.test("a file of Python's safetensors reads the same as with the golden reader", () => {
  const tensors = decodeTensors(golden);
  const { x, y } = goldenCase("resize_28_32").tensors;
  assertEquals([...toFloat32(tensors.get("resize_28_32/x")!)], [...x!.data]);
  assertEquals(tensors.get("resize_28_32/y")!.shape, y!.shape);
});

Deno.test("other types become float32", () => {
  const floats = (tensor: TensorData) => [...toFloat32(tensor)];
  assertEquals(floats(mixed.get("c.2")!), [1.5]);
  assertEquals(floats(mixed.get("c.10")!), [0.5, -2]);
  assertEquals(floats(mixed.get("__proto__")!), [-7]);
  assertEquals(floats({ dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) }), [1, 0]);
});

Deno.test("all 65,536 numbers of float16 equal those of JavaScript's Float16Array", () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const ours = toFloat32({ dtype: "F16", shape: [65_536], data: bits });
  assertEquals(ours, Float32Array.from(new Float16Array(bits.buffer)));
});

Deno.test("damaged files are refused with a reason", () => {
  const entry = (offsets: string, shape = "[1]", dtype = '"F32"') =>
    `"a":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
  const second = '"b":{"dtype":"F32","shape":[1],"data_offsets":';
  const faults: [string, Uint8Array][] = [
    ["too few", new Uint8Array(7)],
    ["header claims", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 1)],
    ["header claims", Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1)],
    ["is not JSON", file("{", 0)],
    ["is not a JSON object", file("[]", 0)],
    ["no description", file('{"a":null}', 0)],
    ["has 8 bytes", file(`{${entry("[0,8]")}}`, 8)],
    ["has -4 bytes", file(`{${entry("[4,0]")}}`, 4)],
    ["has the type", file(`{${entry("[0,4]", "[1]", '"F31"')}}`, 4)],
    ["has the type", file(`{${entry("[0,4]", "[1]", '"constructor"')}}`, 4)],
    ["impossible shape", file(`{${entry("[0,4]", "[-1]")}}`, 4)],
    ["impossible shape", file(`{${entry("[0,4]", "[1e300]")}}`, 4)],
    ["impossible shape", file(`{${entry("[0,4]", "[4294967296,4294967296]")}}`, 4)],
    ["impossible offsets", file(`{${entry("[0,4,8]")}}`, 4)],
    ["leaves a gap", file(`{${entry("[4,8]")}}`, 8)],
    ["overlaps", file(`{${entry("[0,4]")},${second}[0,4]}}`, 4)],
    ["overlaps", file(`{${entry("[0,8]", "[2]")},${second}[4,8]}}`, 8)],
    ["need 4 bytes, but it has 5", file(`{${entry("[0,4]")}}`, 5)],
    ["need 4 bytes, but it has 3", file(`{${entry("[0,4]")}}`, 3)],
    ["has the type", file(`{${entry("[0,4]", "[1]", "[".repeat(1e5) + "]".repeat(1e5))}}`, 4)],
    ["is not text", file('{"__metadata__":{"a":1}}', 0)],
  ];
  for (const [what, bytes] of faults) {
    assertThrows(() => decodeTensors(bytes, "x.safetensors"), UserError, what);
  }
  assertThrows(() => decodeTensors(new Uint8Array(), "x.safetensors"), UserError, "x.safetensors");
});

Deno.test("tensors whose elements do not fill their shape are not written", () => {
  assertThrows(() =>
    encodeTensors(new Map([["a", { dtype: "F32", shape: [2], data: new Float32Array(3) }]]))
  );
  assertThrows(() =>
    encodeTensors(new Map([["a", { dtype: "F64", shape: [2], data: new Float32Array(2) }]]))
  );
});

Deno.test("fuzzing: damaged safetensors files", async () => {
  await fuzz(
    [encodeTensors(mixed), encodeTensors(mixed, { a: "b" })],
    (bytes) => decodeTensors(bytes),
  );
});

const disk = ["read", "write"] as const;
const ignore = disk.some((name) => Deno.permissions.querySync({ name }).state !== "granted");

Deno.test("files read like bytes, and appear complete (needs --allow-read, --allow-write)", {
  ignore,
}, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/a.safetensors`;
    await writeTensors(path, mixed, { a: "b" });
    assertEquals(await Deno.readFile(path), encodeTensors(mixed, { a: "b" }));
    assertEquals([...await readTensors(path)], [...mixed]);
    assertEquals((await readTensorFile(path)).metadata, { a: "b" });
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.safetensors"]);
    await assertRejects(() => readTensors(`${folder}/b`), UserError, "no such file");
    await assertRejects(() => readTensors(folder), UserError, "this is a folder");
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await assertRejects(() => readTensors(path), UserError, path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A Python that has safetensors, or null. */
function findPython(): string | null {
  const needed = ["run", "env"] as const;
  if (ignore || needed.some((name) => Deno.permissions.querySync({ name }).state !== "granted")) {
    return null;
  }
  const python = Deno.env.get("PYTHON") ?? "python3";
  try {
    const found = new Deno.Command(python, {
      args: ["-c", "import safetensors, numpy"],
      stderr: "null",
    }).outputSync();
    return found.success ? python : null;
  } catch {
    return null;
  }
}

const python = findPython();
Deno.test("Python's safetensors opens our files (needs a python with safetensors)", {
  ignore: !python,
}, async () => {
  const path = await Deno.makeTempFile();
  try {
    await writeTensors(path, mixed, { a: "é" });
    const script =
      "import sys\nfrom safetensors import safe_open\nf = safe_open(sys.argv[1], 'np')\n" +
      "print(f.metadata())\n" +
      "for k in sorted(set(f.keys()) - {'c.2'}): print(k, f.get_tensor(k).tolist())";
    const { stdout } = new Deno.Command(python!, { args: ["-c", script, path] }).outputSync();
    const expected =
      "{'a': 'é'}\n__proto__ -7\nb.weight [[1.0, 2.0, 3.0], [4.0, 5.0, -0.0]]\nc.10 [0.5, -2.0]\n" +
      "none []\nodd [1, 2, 255]\n";
    assertEquals(new TextDecoder().decode(stdout), expected);
  } finally {
    await Deno.remove(path);
  }
});

/** The modules that a module imports, including itself, without packages and types. */
function importsOf(url: URL, found = new Map<string, string>()): Map<string, string> {
  if (found.has(url.href)) return found;
  const source = Deno.readTextFileSync(url);
  found.set(url.href, source);
  for (const [, path] of source.matchAll(/^(?:import|export)(?! type)[^;]*? from "(\.[^"]*)"/gms)) {
    importsOf(new URL(path!, url), found);
  }
  return found;
}

Deno.test("pickles and tensors need nothing that some browser lacks (needs --allow-read)", {
  ignore,
}, () => {
  for (const name of ["tensors.ts", "pickle.ts"]) {
    for (const [url, source] of importsOf(new URL(name, import.meta.url))) {
      const found = /Float16Array|node:\w+|\bDeno\.\w+/.exec(source)?.[0];
      assertEquals(found, undefined, url);
    }
  }
});
