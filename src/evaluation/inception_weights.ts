/**
 * Finds the Inception weights: in a file that the user names, in a file downloaded before, or on
 * torch-fidelity's release page. Nothing else is accepted.
 */
import { join } from "@std/path";
import type { Engine } from "../engines/engine.ts";
import { UserError } from "../messages/errors.ts";
import { writeFileAtomic } from "../files/create.ts";
import type { Image } from "../formats/image.ts";
import { readInputInto } from "../formats/input.ts";
import { decodePyTorch } from "../formats/pytorch.ts";
import { sha256 } from "../formats/sha256.ts";
import { freeArray } from "../formats/tensors.ts";
import { rank4 } from "../../kernels/shared/ranks.ts";
import type { FeatureExtractor } from "./extract.ts";
import { buildInception } from "./inception.ts";

/**
 * The published file, converted by torch-fidelity's authors from TensorFlow's of 2015-12-05 (Apache
 * License 2.0).
 */
const fileName = "weights-inception-2015-12-05-6726825d.pth";
const published: Release = {
  url: `https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/${fileName}`,
  sha256: "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
  bytes: 95_628_359,
};

/** A published file. */
export interface Release {
  url: string;
  /** All 64 digits. */
  sha256: string;
  bytes: number;
}

/** The weights' bytes and digest. */
export interface InceptionWeights {
  bytes: Uint8Array<ArrayBuffer>;
  digest: string;
  /**
   * Whether they are the published ones; scores with others cannot be compared with anything else.
   */
  published: boolean;
}

/** How to look for the weights. */
export interface FindWeightsOptions {
  /** A file named by the user. Default: the environment's INCEPTION_WEIGHTS. */
  path?: string | undefined;
  /** The folder that keeps the downloaded file. Default: `data`. */
  dataRoot?: string | undefined;
  /** Whether to download the file if it does not exist. Default: true. */
  download?: boolean;
  /** Receives messages for the user, such as why there are no weights. */
  onMessage?: (text: string) => void;
  /** The published file. Default: torch-fidelity's release; tests use others. */
  release?: Release;
}

/**
 * Finds the Inception weights.
 *
 * @returns null if they are neither here nor available; `onMessage` receives the reason
 * @throws UserError if a named file cannot be read, or a file in `dataRoot` is not the published
 * one
 */
export async function findInceptionWeights(
  options: FindWeightsOptions = {},
): Promise<InceptionWeights | null> {
  const release = options.release ?? published;
  const named = options.path ?? environment("INCEPTION_WEIGHTS");
  if (named) {
    const bytes = await readInputInto(named, new Uint8Array());
    const digest = sha256(bytes);
    return { bytes, digest, published: digest === release.sha256 };
  }
  const folder = options.dataRoot ?? "data";
  const kept = join(folder, fileName);
  if (await exists(kept)) {
    const bytes = await readKept(kept, release);
    return { bytes, digest: release.sha256, published: true };
  }
  const onMessage = options.onMessage ?? (() => {});
  const absent = (reason: string) => {
    onMessage(
      `There are no Inception weights (${reason}). To get FID, KID and IS, put ${fileName} into ` +
        `${folder}/, or set INCEPTION_WEIGHTS to its path.`,
    );
    return null;
  };
  if (options.download === false) return absent("not downloaded");
  onMessage(`Downloading the Inception weights (95 MB) from ${release.url}`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(release.url, { signal: AbortSignal.timeout(600_000) });
    if (!response.ok) {
      await response.body?.cancel();
      return absent(`the release page answers ${response.status}`);
    }
    bytes = await bodyOf(response, release.bytes);
  } catch (error) {
    return absent(error instanceof Error ? error.message : String(error));
  }
  const digest = sha256(bytes);
  if (digest !== release.sha256) {
    return absent(
      `the download has ${bytes.length} bytes and the SHA-256 ${digest}, ` +
        `not ${release.bytes} and ${release.sha256}`,
    );
  }
  Deno.mkdirSync(folder, { recursive: true });
  writeFileAtomic(kept, bytes);
  return { bytes, digest, published: true };
}

/** Reads the file that was downloaded before. */
async function readKept(path: string, release: Release): Promise<Uint8Array<ArrayBuffer>> {
  const { isFile, size } = await Deno.stat(path);
  if (isFile && size === release.bytes) {
    const bytes = await readInputInto(path, new Uint8Array());
    if (sha256(bytes) === release.sha256) return bytes;
  }
  throw new UserError(`${path}: not the published Inception weights, or damaged. Remove the file`);
}

/** The body of a response, limited to the expected number of bytes. */
async function bodyOf(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  for await (const piece of response.body ?? []) {
    if (length + piece.length > maxBytes) {
      throw new Error(`the download has more than the ${maxBytes} bytes of the published file`);
    }
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function environment(name: string): string | undefined {
  return Deno.permissions.querySync({ name: "env", variable: name }).state === "granted"
    ? Deno.env.get(name)
    : undefined;
}

/** Images per batch: as fast as 16, with half the memory. */
export const inceptionBatchSize = 8;

/**
 * Inception as a feature extractor on the open engine. Grey images are repeated to three channels.
 * This takes ownership of the weights' bytes and frees their memory.
 */
export function inceptionExtractor(
  engine: Engine,
  weights: InceptionWeights,
  where = fileName,
): FeatureExtractor {
  const state = decodePyTorch(weights.bytes, where);
  freeArray(weights.bytes);
  const inception = buildInception(state);
  const apply = engine.jit((images) => inception.apply(rank4(images)));
  return {
    prefix: "",
    digest: weights.digest,
    device: `${engine.name} ${engine.device}`,
    widths: [2048, 1008],
    batchSize: inceptionBatchSize,
    channels: 3,
    prepare: toThreeChannels,
    apply,
    dispose() {
      inception.dispose();
      apply.dispose();
    },
  };
}

function toThreeChannels(image: Image): Image {
  if (image.channels === 3) return image;
  const data = new Uint8Array(image.data.length * 3);
  for (let i = 0; i < data.length; i++) data[i] = image.data[Math.floor(i / 3)]!;
  return { ...image, channels: 3, data };
}
