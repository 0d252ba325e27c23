/** Runs a bundle again from its resolved spec, and compares the results. */
import { basename, dirname, resolve } from "@std/path";
import { type PayloadDifferences, payloadDifferences } from "../bundle/differences.ts";
import { type BundleFiles, openBundle } from "../bundle/open.ts";
import { readBundleDigests, readSpecWithImages } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { platformDifferences, readPlatform } from "./platform.ts";
import { runExperiment, type RunOptions } from "./run.ts";
import { findParent } from "./trained.ts";

/** The result of comparing a repeated run with the original. */
export interface Comparison extends PayloadDifferences {
  /** The folders of both bundles. */
  bundles: [original: string, repeated: string];
  /**
   * Reasons why bytes may differ: how the platforms of the two runs differ. Empty if they do not.
   */
  excuses: string[];
  /**
   * Whether the repeated run is as it must be: the same bytes, or within the tolerances if the
   * platforms differ.
   */
  ok: boolean;
}

/** How a bundle is run again. */
export interface ReproduceOptions extends
  Pick<
    RunOptions,
    "engine" | "threads" | "out" | "dataRoot" | "skipBad" | "progress" | "signal"
  > {
  /** The folder or file of its images; default where they were when it was made. */
  images?: string | undefined;
  /**
   * The bundle that it was trained from; default the one with that digest in `out` or next to it.
   */
  from?: string | undefined;
}

/** Compares two bundles of the same run. */
export async function compareBundles(original: string, repeated: string): Promise<Comparison> {
  const differences = await payloadDifferences(original, repeated);
  const there = readPlatform(original);
  const here = readPlatform(repeated);
  const mixed = [original, repeated].flatMap((bundle, i) => {
    const { trainedOn = [] } = [there, here][i] ?? {};
    return trainedOn.length > 1
      ? [`${bundle} was trained on more than one platform: ${trainedOn.join("; ")}`]
      : [];
  });
  const excuses = there && here
    ? [...platformDifferences(there.place, here.place), ...mixed]
    : ["environment.json does not say on which platform both were made"];
  const { verdict } = differences;
  const ok = verdict === "same" || excuses.length > 0 && verdict !== "different";
  return { ...differences, bundles: [original, repeated], excuses, ok };
}

/**
 * Runs a bundle again from its resolved spec, and compares the results. Uses the engine and threads
 * of the original unless the options say otherwise. The second bundle is kept; the first one is not
 * changed.
 *
 * @throws UserError if the bundle does not verify, or not with this data or release
 */
export async function reproduceBundle(
  original: string,
  options: ReproduceOptions = {},
): Promise<Comparison> {
  const { ok, problems } = await verifyBundle(original);
  if (!ok) {
    const [first] = problems;
    throw new UserError(
      `${original}: the bundle does not verify (${first?.file}: ${first?.what}), so it is not ` +
        "reproduced",
    );
  }
  const expected = readBundleDigests(original);
  if (expected.parent !== undefined) {
    throw new UserError(
      `${original}: this bundle holds additional samples of another one; reproduce that one`,
    );
  }
  const platform = readPlatform(original)?.place;
  const engine = options.engine ?? platform?.engine ?? "auto";
  const isSame = engine === platform?.engine;
  const bundle = openBundle(original);
  const written = bundle.has("spec-as-written.yaml") ? "spec-as-written.yaml" : "data/spec.yaml";
  // The second bundle gets the name of the first, without its digest and repetition number.
  const name = basename(resolve(original)).replace(/-[0-9a-f]{12}(-\d+)?$/, "");
  const repeated = await runExperiment(specHere(bundle, options), {
    ...options,
    engine,
    threads: options.threads ?? (isSame ? platform?.threads ?? undefined : undefined),
    again: true,
    emulate: true,
    expected,
    source: {
      path: `${name}.yaml`,
      text: bundle.text(written),
    },
  });
  return await compareBundles(original, repeated.path);
}

/** The spec of a bundle, with the paths that its images and its parent have here. */
function specHere(bundle: BundleFiles, { images, from, out = "out" }: ReproduceOptions) {
  const spec = readSpecWithImages(bundle);
  const folders = [out, dirname(resolve(bundle.path))];
  const parent = from ?? findParent(spec, folders)?.path ?? spec.training.from;
  if (from !== undefined && spec.training.from === null) {
    throw new UserError(`--from ${from}: ${bundle.path} does not continue another training`);
  }
  return {
    ...spec,
    data: { ...spec.data, path: images ?? spec.data.path },
    training: { ...spec.training, from: parent },
  };
}
