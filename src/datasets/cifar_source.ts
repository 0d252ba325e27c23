/** CIFAR-10's batches, binary and Python. */
import { UserError } from "../messages/errors.ts";
import {
  type CifarBatch,
  cifarImage,
  cifarNames,
  cifarRecordBytes,
  decodeCifarBinary,
  decodeCifarPython,
} from "../formats/cifar.ts";
import { readInputInto } from "../formats/input.ts";
import type { DataFile } from "./files.ts";
import type { Sample, Source } from "./source.ts";
import { orderNote, splitOfPath } from "./splits.ts";

/** CIFAR-10's batches, binary or Python, read one after the other. */
export function cifarSource(files: readonly DataFile[], kind: "binary" | "Python"): Source {
  async function* samples(): AsyncGenerator<Sample> {
    // Buffers of this size would wait long for garbage collection, so all batches share one buffer,
    // and so do all images.
    let buffer = new Uint8Array();
    const pixels = new Uint8Array(cifarRecordBytes - 1);
    for (const { path, name } of files) {
      const bytes = await readInputInto(path, buffer);
      buffer = new Uint8Array(bytes.buffer);
      const batch: CifarBatch = kind === "binary"
        ? decodeCifarBinary(bytes, path)
        : decodeCifarPython(bytes, path);
      for (let i = 0; i < batch.labels.length; i++) {
        const label = batch.labels[i]!;
        const read = () => {
          if (!(label < cifarNames.length)) {
            throw new UserError(`${path}, image ${i}: the label ${label} is not a class`);
          }
          return cifarImage(batch, i, pixels);
        };
        yield { name: `${name}, image ${i}`, label, read };
      }
    }
  }
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const imagesOf = ({ size }: DataFile) => kind === "binary" ? size / cifarRecordBytes : null;
  const order = orderNote(
    files.map((file) => ({ split: splitOfPath(file.name), count: imagesOf(file) })),
    true,
  );
  return {
    notes: order ? [order] : [],
    description: `CIFAR-10's ${kind} batches ${files.map(({ name }) => name).join(", ")}`,
    classNames: cifarNames,
    // Python batches are slightly larger than their images.
    isCountMax: kind === "Python",
    count: Math.ceil(size / (cifarRecordBytes - 1)),
    samples: samples(),
  };
}
