/** Makes files as `torch.save` writes them, without PyTorch, for tests. */
import { zipSync } from "fflate";
import { bytesOf, type TensorData } from "./tensors.ts";

/** An object of some Python class, with its state. */
export class PythonObject {
  constructor(readonly module: string, readonly name: string, readonly state: Saved) {}
}

/** The values that a checkpoint may contain. */
export type Saved =
  | null
  | number
  | string
  | TensorData
  | PythonObject
  | Saved[]
  | Map<string | number, Saved>;

const text = (value: string) => [...new TextEncoder().encode(value)];
const u32 = (value: number) => [...new Uint8Array(Uint32Array.of(value).buffer)];
const global = (module: string, name: string) => text(`c${module}\n${name}\n`);
const unicode = (value: string) => {
  const bytes = text(value);
  return [0x58, ...u32(bytes.length), ...bytes];
};
const whole = (value: number) => [...text("J"), ...u32(value)];
const tuple = (...items: number[][]) => [...text("("), ...items.flat(), ...text("t")];

/** The pickle instructions for a value; collects the storages' bytes. */
function instructionsOf(value: Saved, storages: Uint8Array[]): number[] {
  if (value === null) return text("N");
  if (typeof value === "number") {
    if (Number.isInteger(value)) return whole(value);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    return [...text("G"), ...bytes];
  }
  if (typeof value === "string") return unicode(value);
  if (Array.isArray(value)) {
    return [
      ...text("]("),
      ...value.flatMap((item) => instructionsOf(item, storages)),
      ...text("e"),
    ];
  }
  if (value instanceof PythonObject) {
    const state = instructionsOf(value.state, storages);
    return [...global(value.module, value.name), ...text(")"), 0x81, ...state, ...text("b")];
  }
  if (value instanceof Map) {
    const items = [...value].flatMap(([key, item]) => [
      ...instructionsOf(key, storages),
      ...instructionsOf(item, storages),
    ]);
    return [...text("}("), ...items, ...text("u")];
  }
  const strides = value.shape.map((_, axis) =>
    value.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  );
  const storage = tuple(
    unicode("storage"),
    global("torch", "FloatStorage"),
    unicode(`${storages.length}`),
    unicode("cpu"),
    whole(value.data.length),
  );
  storages.push(bytesOf(value));
  const args = tuple(
    [...storage, ...text("Q")],
    whole(0),
    tuple(...value.shape.map(whole)),
    tuple(...strides.map(whole)),
    [0x89],
    [...global("collections", "OrderedDict"), ...text(")R")],
  );
  return [...global("torch._utils", "_rebuild_tensor_v2"), ...args, ...text("R")];
}

/** The bytes of `torch.save(value)` in the zip format; tensors are float32. */
export function torchFile(value: Saved): Uint8Array<ArrayBuffer> {
  const storages: Uint8Array[] = [];
  const pickle = [0x80, 2, ...instructionsOf(value, storages), ...text(".")];
  const entries: Record<string, Uint8Array> = { "a/data.pkl": Uint8Array.from(pickle) };
  storages.forEach((bytes, i) => entries[`a/data/${i}`] = bytes);
  return Uint8Array.from(zipSync(entries, { level: 0 }));
}
