/**
 * Writing a bundle: a BagIt bag (RFC 8493, https://www.rfc-editor.org/rfc/rfc8493) built beside its
 * place and renamed when it is whole. What a run must repeat lies under data/ (the payload); what
 * may differ lies outside, as tag files.
 */
import { basename, dirname, join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { sha256 } from "../formats/sha256.ts";
import { createStaging, exists, removeLeftovers, syncFolder, writeNew } from "../files/create.ts";
import { isSafeName, manifestText } from "./manifest.ts";

/** A finished bundle on the disk. */
export interface Bundle {
  /** Its folder. */
  path: string;
  /** The figure that stands for the whole: SHA-256 of the payload manifest, in hexadecimal. */
  digest: string;
}

/**
 * A bundle in the making. Names are relative, of letters, digits and `._-`, with `/` between
 * folders.
 */
export interface BundleWriter {
  /** The folder in which it is built, for those who must read back what they wrote. */
  readonly staging: string;
  /** Adds a file that a repeated run must repeat: it is written to data/NAME. */
  payload(name: string, bytes: Uint8Array | string): void;
  /** Adds a file that may differ from run to run, outside data/. */
  tag(name: string, bytes: Uint8Array | string): void;
  /** The digest as it would be were the bundle finished now, so that a tag file can name it. */
  digest(): string;
  /** Name and SHA-256 of each payload file so far, ordered by name; names begin with data/. */
  payloadDigests(): { name: string; sha256: string }[];
  /** Writes the manifests, flushes everything to the disk, and renames the folder to its place. */
  finish(): Bundle;
  /** Removes what was written. Harmless after {@link BundleWriter.finish}. */
  discard(): void;
}

/** The text of bagit.txt. */
export const declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const reserved = new Set([
  "bagit.txt",
  "bag-info.txt",
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
  "fetch.txt",
]);

/**
 * Begins a bundle. What an earlier, killed process left of the same bundle is removed, so the
 * caller must hold the run's lock.
 *
 * @param path the folder that the finished bundle will be; it must not exist
 * @throws UserError when something is there already
 */
export function createBundle(path: string): BundleWriter {
  const refuse = () => {
    if (exists(path)) {
      throw new UserError(
        `${path}: this bundle is there already; a finished bundle is not overwritten`,
      );
    }
  };
  refuse();
  Deno.mkdirSync(dirname(path), { recursive: true });
  removeLeftovers(path);
  const staging = createStaging(path);
  Deno.mkdirSync(join(staging, "data"));

  const folders = new Set([staging, join(staging, "data")]);
  const payload = new Map<string, string>();
  const tags = new Map<string, string>();
  let payloadBytes = 0;

  const add = (name: string, content: Uint8Array | string, into: Map<string, string>): number => {
    if (!isSafeName(name)) {
      throw new Error(`a bundle cannot hold a file of the name ${JSON.stringify(name)}`);
    }
    const taken = [...payload.keys(), ...tags.keys()].find((other) =>
      other.toLowerCase() === name.toLowerCase()
    );
    if (taken) throw new Error(`the bundle holds ${taken} already`);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const file = join(staging, name);
    for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) {
      folders.add(folder);
    }
    Deno.mkdirSync(dirname(file), { recursive: true });
    writeNew(file, bytes);
    into.set(name, sha256(bytes));
    return bytes.length;
  };
  const manifest = () => manifestText(payload);
  const digest = () => sha256(manifest());

  return {
    staging,
    digest,
    payload(name, bytes) {
      payloadBytes += add(`data/${name}`, bytes, payload);
    },
    tag(name, bytes) {
      if (reserved.has(name) || name.startsWith("data/")) {
        throw new Error(`${name} is the bag's own file`);
      }
      add(name, bytes, tags);
    },
    payloadDigests: () =>
      [...payload].sort(([a], [b]) => a < b ? -1 : 1).map(([name, sha256]) => ({ name, sha256 })),
    finish() {
      add("bagit.txt", declaration, tags);
      const info = bagInfo({
        date: new Date().toISOString().slice(0, 10),
        name: basename(path),
        digest: digest(),
        bytes: payloadBytes,
        count: payload.size,
      });
      add("bag-info.txt", info, tags);
      const finalDigest = digest();
      add("manifest-sha256.txt", manifest(), tags);
      writeNew(
        join(staging, "tagmanifest-sha256.txt"),
        new TextEncoder().encode(manifestText(tags)),
      );
      for (const folder of folders) syncFolder(folder);
      refuse();
      Deno.renameSync(staging, path);
      syncFolder(dirname(path));
      return { path, digest: finalDigest };
    },
    discard() {
      if (exists(staging)) Deno.removeSync(staging, { recursive: true });
    },
  };
}

/** What bag-info.txt tells. */
export interface BagInfo {
  /** The day, YYYY-MM-DD. */
  date: string;
  /** The folder's name when it was written, by which its report calls it. */
  name: string;
  /** The bundle's digest. */
  digest: string;
  /** Of the payload's files together. */
  bytes: number;
  /** Of the payload's files. */
  count: number;
}

/** The text of bag-info.txt. */
export function bagInfo({ date, name, digest, bytes, count }: BagInfo): string {
  const lines = [
    `Bag-Software-Agent: alias-free-diffusion`,
    `Bagging-Date: ${date}`,
    `Internal-Sender-Identifier: ${name}`,
    `External-Identifier: sha256:${digest}`,
    `Payload-Oxum: ${bytes}.${count}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The lines of bag-info.txt that do not follow from the payload; null where it has none. */
export function parseBagInfo(text: string): Pick<BagInfo, "date" | "name"> | null {
  const [, date] = text.match(/^Bagging-Date: (\d{4}-\d{2}-\d{2})$/m) ?? [];
  const [, name] = text.match(/^Internal-Sender-Identifier: (.{1,200})$/m) ?? [];
  return date === undefined || name === undefined ? null : { date, name };
}

/** The name of a bundle's folder: the spec file's name and twelve digits of the run digest. */
export function bundleName(specPath: string, runDigest: string): string {
  // One hyphen for all that stands between two words, one of its own too, and none at the ends.
  const words = basename(specPath).replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9._]+/g, "-").replace(
    /^[.-]+/,
    "",
  );
  const stem = words.slice(0, 100).replace(/[.-]+$/, "");
  return `${stem || "run"}-${runDigest.slice(0, 12)}`;
}
