/** Running a bundle again from its resolved spec, and comparing all that came of it. */
import { basename, dirname, resolve } from "@std/path";
import { type PayloadDifferences, payloadDifferences } from "../bundle/differences.ts";
import { type BundleFiles, openBundle } from "../bundle/open.ts";
import { readBundleDigests, readSpecWithImages } from "../bundle/read.ts";
import { verifyBundle } from "../report/verify.ts";
import { UserError } from "../messages/errors.ts";
import { platformDifferences, readPlatform } from "./platform.ts";
import { runExperiment, type RunOptions } from "./run.ts";
import { findParent } from "./trained.ts";

/** What comparing a repeated run with the first one found. */
export interface Comparison extends PayloadDifferences {
  /** The first bundle and the second one. */
  bundles: [original: string, repeated: string];
  /**
   * Why other bytes are no fault: what distinguishes the places of the two runs. Empty where there
   * is nothing.
   */
  excuses: string[];
  /**
   * Whether the second run is what it must be: the same bytes, or elsewhere what the tolerances
   * allow.
   */
  ok: boolean;
}

/** How a bundle is run again. */
export interface ReproduceOptions extends
  Pick<
    RunOptions,
    "engine" | "threads" | "out" | "dataRoot" | "skipBad" | "progress" | "signal"
  > {
  /** Where its images lie; default where they lay when it was made. */
  images?: string | undefined;
  /**
   * The bundle that it was trained from; default the one of that digest in `out`, or beside it.
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
      ? [`${bundle} was trained in more than one place: ${trainedOn.join("; ")}`]
      : [];
  });
  const excuses = there && here
    ? [...platformDifferences(there.place, here.place), ...mixed]
    : ["environment.json does not tell where both were made"];
  const { verdict } = differences;
  const ok = verdict === "same" || excuses.length > 0 && verdict !== "different";
  return { ...differences, bundles: [original, repeated], excuses, ok };
}

/**
 * Runs a bundle again from its resolved spec, on the engine and with the threads that it tells of
 * unless others are asked for, and compares. The second bundle stays; the first one is not changed.
 *
 * @throws UserError where the bundle does not verify, or cannot be run again with the data and the
 *   release at hand
 */
export async function reproduceBundle(
  original: string,
  options: ReproduceOptions = {},
): Promise<Comparison> {
  const { ok, problems } = await verifyBundle(original);
  if (!ok) {
    const [first] = problems;
    throw new UserError(
      `${original}: it does not verify (${first?.file}: ${first?.what}), so there is nothing to repeat`,
    );
  }
  const expected = readBundleDigests(original);
  if (expected.parent !== undefined) {
    throw new UserError(
      `${original}: it holds further samples of another bundle; reproduce that one`,
    );
  }
  const told = readPlatform(original)?.place;
  const engine = options.engine ?? told?.engine ?? "auto";
  const isSame = engine === told?.engine;
  const bundle = openBundle(original);
  const written = bundle.has("spec-as-written.yaml") ? "spec-as-written.yaml" : "data/spec.yaml";
  // The second bundle is called as the first one: its folder's name without the digest and a number
  // of repetition.
  const name = basename(resolve(original)).replace(/-[0-9a-f]{12}(-\d+)?$/, "");
  const repeated = await runExperiment(specHere(bundle, options), {
    ...options,
    engine,
    threads: options.threads ?? (isSame ? told?.threads ?? undefined : undefined),
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

/** The spec of a bundle, with the places where its images and its parent lie here. */
function specHere(bundle: BundleFiles, { images, from, out = "out" }: ReproduceOptions) {
  const spec = readSpecWithImages(bundle);
  const beside = [out, dirname(resolve(bundle.path))];
  const parent = from ?? findParent(spec, beside)?.path ?? spec.training.from;
  if (from !== undefined && spec.training.from === null) {
    throw new UserError(`--from ${from}: ${bundle.path} was trained from the beginning`);
  }
  return {
    ...spec,
    data: { ...spec.data, path: images ?? spec.data.path },
    training: { ...spec.training, from: parent },
  };
}
