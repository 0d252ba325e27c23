/** Writes safetensors. `safetensors.ts` describes the format and reads it. */
import { writeFileAtomic } from "../files/create.ts";
import { concat } from "./pieces.ts";
import { bytesOf, bytesPerElement, elementCount, type TensorData } from "./tensors.ts";
import { entryOf } from "../collections/elements.ts";

/**
 * The bytes of a safetensors file in pieces, without copying the tensors: for files that nearly
 * fill the memory.
 */
function encodeParts(
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array[] {
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name === "__metadata__") throw new Error("a tensor cannot be called __metadata__");
    if (elementCount(shape) !== data.length || data.BYTES_PER_ELEMENT !== bytesPerElement(dtype)) {
      throw new Error(
        `tensor ${name}: ${data.length} elements in a ${dtype} tensor of shape [${shape}]`,
      );
    }
  }
  let end = 0;
  const starts = new Map<string, number>();
  const ordered = [...tensors].sort(([, a], [, b]) =>
    bytesPerElement(b.dtype) - bytesPerElement(a.dtype)
  );
  for (const [name, tensor] of ordered) {
    starts.set(name, end);
    end += tensor.data.byteLength;
  }
  // Joined by hand: an object would put whole-number names first, and lose "__proto__".
  const fields: string[] = [];
  if (metadata) {
    const texts = Object.keys(metadata).sort().map((key) =>
      `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`
    );
    fields.push(`"__metadata__":{${texts.join(",")}}`);
  }
  for (const [name, { dtype, shape, data }] of tensors) {
    const start = entryOf(starts, name);
    fields.push(
      `${JSON.stringify(name)}:${
        JSON.stringify({ dtype, shape, data_offsets: [start, start + data.byteLength] })
      }`,
    );
  }
  const text = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + headerLength).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true);
  head.set(text, 8);
  return [head, ...ordered.map(([, tensor]) => bytesOf(tensor))];
}

/**
 * A safetensors file: the same tensors and metadata give the same bytes. The header keeps the map's
 * order; the elements with the widest types come first, so that all are aligned.
 *
 * @param tensors their elements must fill their shapes
 * @param metadata named texts, written in the order of their names
 */
export function encodeTensors(
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  return concat(encodeParts(tensors, metadata));
}

/** Writes a safetensors file completely or not at all. */
// deno-lint-ignore require-await -- a promise, as reading gives one
export async function writeTensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  writeFileAtomic(path, ...encodeParts(tensors, metadata));
}
