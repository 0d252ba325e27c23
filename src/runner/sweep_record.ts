/**
 * What a sweep's members are, written down beside their places of work: so that whoever looks at
 * the folder sees what still waits.
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
  /** The sweep's file, and what was said behind it. */
  name: z.string().max(4000),
  members: z.array(z.strictObject({
    name: z.string().max(4000),
    /** The digest of the resolved spec. */
    spec: z.string().regex(/^[0-9a-f]{64}$/),
  })).max(100_000),
});

/** A sweep as it was written down. */
export type SweepRecord = z.infer<typeof form>;

/** Bytes of a record, at most. */
const mostBytes = 16 << 20;

/** Where the record of a sweep of these members lies. */
function recordPath(out: string, members: SweepRecord["members"]): string {
  const digest = sha256(members.map(({ spec }) => spec).join());
  return join(out, ".work", `sweep-${digest.slice(0, 16)}.json`);
}

/**
 * Writes down what a sweep's members are.
 *
 * @param name the sweep's file, and what was said behind it
 * @returns takes the record away, when nothing waits any more
 * @throws UserError where the folder cannot be written
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
    ownedFolder(dirname(path), { wayOut: "say --out FOLDER for another place" });
    writeFileAtomic(path, new TextEncoder().encode(jsonText({ name, members })));
  } catch (error) {
    throw explainFolder(explainFullDisk(error, out), out);
  }
  return () => removeIfThere(path);
}

/** The sweeps of which a folder has records; what cannot be read is left out. */
export function readSweeps(out: string): SweepRecord[] {
  const root = join(out, ".work");
  if (!exists(root)) return [];
  const names = [...Deno.readDirSync(root)].filter(({ name, isFile }) =>
    isFile && /^sweep-[0-9a-f]{16}\.json$/.test(name)
  );
  return names.map(({ name }) => name).sort().flatMap((name) => {
    try {
      const text = readRegularText(join(root, name), mostBytes);
      const read = form.safeParse(JSON.parse(text ?? "null"));
      return read.success ? [read.data] : [];
    } catch {
      return []; // Taken away or being replaced at this moment, or no record of ours.
    }
  });
}
