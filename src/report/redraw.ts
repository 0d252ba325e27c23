/**
 * Checks a bundle's drawings by drawing them again from its other files: filters, loss, sheets and
 * films of the samples, and the report, which people open first.
 */
import { drawnAngles } from "../spec/angles.ts";
import { checkDerived, checkFile, type RunContext } from "../bundle/checking.ts";
import { readAllSamples, readLosses } from "../bundle/read.ts";
import { nameWhenWritten, otherRelease } from "../bundle/check_tags.ts";
import { decodePng } from "../formats/png.ts";
import { type DerivedFile, filterFiles, lossFiles, sampleSheets } from "./derived.ts";
import { bundleReport } from "./report.ts";

/** Redraws and compares everything that can be redrawn; the notes list what cannot be checked. */
export async function checkDrawings(run: RunContext): Promise<void> {
  const isSampled = run.digests.parent !== undefined;
  run.notes.push("denoising.png and its films, whose steps are not kept");
  if (!isSampled) {
    run.notes.push("noising.png and resampling.png, which show training images");
    if (run.digestOf.has("previews.png")) run.notes.push("previews.png, drawn while it trained");
    if (run.digestOf.has("spectrum.csv")) run.notes.push("the training images' spectrum");
  }
  const release = otherRelease(run);
  if (release !== null) {
    run.notes.push(
      `the pictures and the report, which release ${release} drew and this one may draw otherwise`,
    );
    return;
  }
  for (const [name, bytes] of await drawnAgain(run)) await checkPicture(run, `data/${name}`, bytes);
  if (isSampled) return;
  const context = { name: nameWhenWritten(run) ?? undefined };
  const report = await checkFile(run, "report.html", () => bundleReport(run.bundle, context));
  if (report !== null) {
    await checkDerived(run, "report.html", report, "the files beside it; open the one of `show`");
  }
}

async function drawnAgain({ bundle, spec, digests }: RunContext): Promise<DerivedFile[]> {
  const samples = await readAllSamples(bundle);
  // In the spec's order: JSON parsing puts whole-number names first.
  const sets = drawnAngles(spec).flatMap((angleDegrees) => {
    const pictures = samples.get(angleDegrees);
    return pictures === undefined ? [] : [{ angleDegrees, pictures }];
  });
  const sheets = await sampleSheets(spec, sets);
  if (digests.parent !== undefined) return sheets;
  return [...sheets, ...await filterFiles(spec), ...await lossFiles(spec, readLosses(bundle))];
}

/** Compares PNG files by their pixels: another library may compress the same pixels differently. */
async function checkPicture(
  run: RunContext,
  name: string,
  expected: Uint8Array | string,
): Promise<void> {
  const of = name.includes("loss") ? "loss.csv" : isOfFilter(name) ? "the spec" : "the samples";
  if (typeof expected === "string" || !name.endsWith(".png")) {
    return await checkDerived(run, name, expected, of);
  }
  await checkFile(run, name, (fault) => {
    const found = run.bundle.bytes(name);
    if (sameBytes(found, expected) || samePixels(found, expected, name)) run.derived.push(name);
    else fault(`it does not match ${of}`);
  });
}

const isOfFilter = (name: string) => /^data\/(filter|response)/.test(name);

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The end of width, height, depth and colour type in a PNG's first chunk. */
const headEnd = 29;

/**
 * A picture is decoded only if its header matches the expected one, because it may claim any size.
 */
function samePixels(found: Uint8Array, expected: Uint8Array, where: string): boolean {
  if (!sameBytes(found.subarray(0, headEnd), expected.subarray(0, headEnd))) return false;
  return sameBytes(decodePng(found, where).data, decodePng(expected, where).data);
}
