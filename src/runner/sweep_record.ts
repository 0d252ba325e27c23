/**
 * Records of sweeps: the list of a sweep's members, next to their work folders, so that `status`
 * can show which members are still waiting.
 */
import { dirname, join } from "@std/path";
import { z } from "zod";
import { jsonText } from "../bundle/layout.ts";
import { exists, removeIfThere, writeFileAtomic } from "../files/create.ts";
import { readRegularText } from "../files/read.ts";
import { ownedFolder } from "../files/owned.ts";
import { sha256 } from "../formats/sha256.ts";
import { type ResolvedSpec, specDigest } from "../spec/mod.ts";
import { memberNames } from "./sweep_member.ts";
import { explainFolder, explainFullDisk } from "../files/results.ts";

const form = z.strictObject({
  /** The sweep's file, and the overrides after it. */
  name: z.string().max(4000),
  members: z.array(z.strictObject({
    name: z.string().max(4000),
    /** The digest of the resolved spec. */
    spec: z.string().regex(/^[0-9a-f]{64}$/),
  })).max(100_000),
});

/** The record of a sweep. */
export type SweepRecord = z.infer<typeof form>;

/** Maximum size of a record. */
const maxBytes = 16 << 20;

/** The path of a sweep's record. */
function recordPath(out: string, members: SweepRecord["members"]): string {
  const digest = sha256(members.map(({ spec }) => spec).join());
  return join(out, ".work", `sweep-${digest.slice(0, 16)}.json`);
}

/**
 * Records the members of a sweep.
 *
 * @param name the sweep's file, and the overrides after it
 * @returns a function that removes the record, for when no member is waiting any more
 * @throws UserError if the folder cannot be written
 */
export function recordSweep(
  out: string,
  name: string,
  specs: readonly ResolvedSpec[],
): () => void {
  const names = memberNames(specs);
  const members = specs.map((spec, i) => ({ name: names[i] ?? "", spec: specDigest(spec) }));
  const path = recordPath(out, members);
  try {
    ownedFolder(dirname(path), { advice: "choose another folder with --out FOLDER" });
    writeFileAtomic(path, new TextEncoder().encode(jsonText({ name, members })));
  } catch (error) {
    throw explainFolder(explainFullDisk(error, out), out);
  }
  return () => removeIfThere(path);
}

/** Reads the records of sweeps in a folder; unreadable ones are left out. */
export function readSweeps(out: string): SweepRecord[] {
  const root = join(out, ".work");
  if (!exists(root)) return [];
  const names = [...Deno.readDirSync(root)].filter(({ name, isFile }) =>
    isFile && /^sweep-[0-9a-f]{16}\.json$/.test(name)
  );
  return names.map(({ name }) => name).sort().flatMap((name) => {
    try {
      const text = readRegularText(join(root, name), maxBytes);
      const read = form.safeParse(JSON.parse(text ?? "null"));
      return read.success ? [read.data] : [];
    } catch {
      return []; // It was just removed or is being replaced, or it is not a record.
    }
  });
}
