/**
 * Reads safetensors: eight bytes with the header's length, a JSON header, then the elements of all
 * tensors. Format: https://github.com/huggingface/safetensors#format. Every value in the header is
 * checked: each byte of the data must belong to exactly one tensor, and no memory is allocated that
 * the file's size does not justify.
 */
import { UserError } from "../messages/errors.ts";
import { quoted } from "../messages/printable.ts";
import { explainInputError } from "./input.ts";
import {
  bytesPerElement,
  type Dtype,
  dtypeNames,
  elementCount,
  elementsOf,
  isDtype,
  type TensorData,
} from "./tensors.ts";

export { encodeTensors, writeTensors } from "./safetensors_write.ts";
export type { Dtype, TensorData } from "./tensors.ts";

/** The published implementation also refuses longer headers. */
const defaultMaxHeaderBytes = 100_000_000;

interface Entry {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

function damaged(where: string, what: string): UserError {
  return new UserError(`${where}: not a valid safetensors file: ${what}`);
}

function checkEntry(name: string, value: unknown, where: string): Entry {
  const fault = (what: string) => damaged(where, `tensor ${quoted(name)} ${what}`);
  if (typeof value !== "object" || value === null) throw fault("has no description");
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (!isDtype(dtype)) {
    throw fault(
      `has the type ${typeof dtype === "string" ? quoted(dtype) : "?"}; supported are ${
        dtypeNames.join(", ")
      }`,
    );
  }
  const count = elementCount(shape);
  if (count === null) throw fault(`has an impossible shape`);
  if (
    !Array.isArray(offsets) || offsets.length !== 2 ||
    !offsets.every((o) => Number.isSafeInteger(o) && o >= 0)
  ) {
    throw fault("has impossible offsets");
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== count * bytesPerElement(dtype)) {
    throw fault(
      `has ${end - begin} bytes, but its shape and type need ${count * bytesPerElement(dtype)}`,
    );
  }
  return { name, dtype, shape: shape as number[], begin, end };
}

/** The end of the header in a file of `fileBytes` bytes, from its first 8 bytes. */
function headerEnd(
  bytes: Uint8Array,
  where: string,
  fileBytes: number,
  maxHeaderBytes = defaultMaxHeaderBytes,
): number {
  if (bytes.length < 8) throw damaged(where, `${bytes.length} bytes are too few`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(maxHeaderBytes, fileBytes - 8))) {
    throw damaged(where, `its header claims ${length} bytes, but the file has ${fileBytes}`);
  }
  return 8 + Number(length);
}

/**
 * The positions of the tensors in a file of `fileBytes` bytes that starts with `bytes`, which must
 * include its header.
 */
function decodeHeader(bytes: Uint8Array, where: string, fileBytes = bytes.length) {
  const dataStart = headerEnd(bytes, where, fileBytes);
  let header: unknown;
  try {
    header = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart)),
    );
  } catch {
    throw damaged(where, "its header is not JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw damaged(where, "its header is not a JSON object");
  }
  const metadata: Record<string, string> = Object.create(null);
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") {
      entries.push(checkEntry(name, value, where));
      continue;
    }
    if (typeof value !== "object" || value === null) {
      throw damaged(where, "its metadata is not a JSON object");
    }
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== "string") throw damaged(where, `its metadata ${quoted(key)} is not text`);
      metadata[key] = text;
    }
  }
  let at = 0;
  for (
    const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)
  ) {
    if (begin !== at) {
      throw damaged(
        where,
        `tensor ${quoted(name)} ${begin < at ? "overlaps another" : "leaves a gap"}`,
      );
    }
    at = end;
  }
  if (dataStart + at !== fileBytes) {
    throw damaged(where, `its tensors need ${at} bytes, but it has ${fileBytes - dataStart}`);
  }
  return { entries, metadata, dataStart };
}

/**
 * The tensors of a safetensors file, in header order (whole-number names first, as JSON.parse
 * returns them).
 *
 * @param bytes the whole file
 * @param where what to call the file in messages
 * @throws UserError if the bytes are not a valid safetensors file
 */
export function decodeTensors(
  bytes: Uint8Array,
  where = "safetensors data",
): Map<string, TensorData> {
  const { entries, dataStart } = decodeHeader(bytes, where);
  return new Map(entries.map(({ name, dtype, shape, begin, end }) => [
    name,
    { dtype, shape, data: elementsOf(dtype, bytes.slice(dataStart + begin, dataStart + end)) },
  ]));
}

/**
 * The metadata (named texts) of a safetensors file; empty if it has none.
 *
 * @throws UserError if the bytes are not a valid safetensors file
 */
export function decodeMetadata(
  bytes: Uint8Array,
  where = "safetensors data",
): Record<string, string> {
  return { ...decodeHeader(bytes, where).metadata };
}

/**
 * The tensors of a safetensors file on disk. Each is read into its own memory, and nothing is read
 * twice.
 *
 * @throws UserError if the file is missing or invalid
 */
export async function readTensors(path: string): Promise<Map<string, TensorData>> {
  return (await readTensorFile(path)).tensors;
}

/**
 * The tensors and the metadata of a safetensors file on disk.
 *
 * @throws UserError if the file is missing or invalid
 */
export async function readTensorFile(
  path: string,
): Promise<{ tensors: Map<string, TensorData>; metadata: Record<string, string> }> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw explainInputError(error, path);
  }
  using opened = file;
  return await readOpen(opened, path);
}

/**
 * The tensors of an open safetensors file.
 *
 * @param where what to call the file in messages
 * @param maxHeaderBytes maximum size of the header; parsed JSON takes ten times as much memory
 * @throws UserError if it is invalid
 */
export async function readOpenTensors(
  file: Deno.FsFile,
  where: string,
  maxHeaderBytes = defaultMaxHeaderBytes,
): Promise<Map<string, TensorData>> {
  return (await readOpen(file, where, maxHeaderBytes)).tensors;
}

async function readOpen(file: Deno.FsFile, where: string, maxHeaderBytes = defaultMaxHeaderBytes) {
  const { size, isFile } = await file.stat();
  if (!isFile) throw new UserError(`${where}: this is a folder; a safetensors file is expected`);
  const read = async (begin: number, end: number) => {
    const bytes = new Uint8Array(end - begin);
    await file.seek(begin, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) {
      const count = await file.read(bytes.subarray(at));
      if (count === null) throw damaged(where, "it became shorter while it was being read");
      at += count;
    }
    return bytes;
  };
  const dataStart = headerEnd(await read(0, Math.min(8, size)), where, size, maxHeaderBytes);
  const { entries, metadata } = decodeHeader(await read(0, dataStart), where, size);
  const tensors = new Map<string, TensorData>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const bytes = await read(dataStart + begin, dataStart + end);
    tensors.set(name, { dtype, shape, data: elementsOf(dtype, bytes) });
  }
  return { tensors, metadata: { ...metadata } };
}
