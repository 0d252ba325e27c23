/**
 * What a bundle's files say against each other: spec, digests, network, samples and scores. No
 * engine is needed.
 */
import { UserError } from "../errors.ts";
import { areNumbers, toFloat32 } from "../formats/tensors.ts";
import { parseSpec, type ResolvedSpec, resolveSpec, runDigest, specDigest } from "../spec/mod.ts";
import { networkPlan } from "../unet/plan.ts";
import { type Digests, files } from "./layout.ts";
import { type BundleFiles, bundleFiles } from "./open.ts";
import type { Problem } from "./verify.ts";

/** Tells a bundle's own contradictions, once its bytes are known to be those of its manifests. */
export async function checkMeaning(
  path: string,
  digestOf: ReadonlyMap<string, string>,
  problems: Problem[],
): Promise<void> {
  const name = (file: string) => `data/${file}`;
  const has = (file: string) => digestOf.has(name(file));
  /** Runs a check on a file; what the file cannot be read as is a problem of that file. */
  const on = async <T>(
    file: string,
    check: (fault: (what: string) => void) => T | Promise<T>,
  ): Promise<T | null> => {
    const fault = (what: string) => void problems.push({ file: name(file), what });
    if (!has(file)) {
      fault("missing");
      return null;
    }
    try {
      return await check(fault);
    } catch (error) {
      if (
        !(error instanceof UserError || error instanceof SyntaxError || error instanceof RangeError)
      ) throw error;
      fault(error.message);
      return null;
    }
  };
  const bundle = bundleFiles(path);
  const text = (file: string) => bundle.text(name(file));

  const spec = await on(
    files.spec,
    () => resolveSpec(parseSpec(text(files.spec), { path: name(files.spec) })),
  );
  const digests = await on(files.digests, (fault) => readDigests(text(files.digests), fault));
  if (digests && spec && specDigest(spec) !== digests.spec) {
    problems.push({
      file: name(files.spec),
      what: `its digest is ${specDigest(spec)}, and digests.json says another`,
    });
  }
  if (
    digests &&
    runDigest(digests.spec, digests.data, digests.method, digests.parent ?? digests.from) !==
      digests.run
  ) {
    problems.push({
      file: name(files.digests),
      what: "the run digest is not that of the spec, data and method digests",
    });
  }
  if (spec && !(digests?.parent !== undefined && !has(files.model))) {
    await on(files.model, (fault) => checkWeights(bundle, name(files.model), spec, fault));
  }
  if (spec && has(files.average)) {
    await on(files.average, (fault) => checkWeights(bundle, name(files.average), spec, fault));
  }
  if (spec && has(files.optimizer)) {
    await on(files.optimizer, (fault) => {
      return checkWeights(bundle, name(files.optimizer), spec, fault, ["mean/", "square/"]);
    });
  }
  if (spec && has(files.samples)) {
    await on(files.samples, (fault) => checkSamples(bundle, name(files.samples), spec, fault));
  }
  if (has(files.metrics)) {
    await on(files.metrics, (fault) => {
      const { samples } = JSON.parse(text(files.metrics)) ?? {};
      if (samples === digestOf.get(name(files.samples))) return;
      fault(
        `its scores are of other samples (${
          samples ?? "it does not say which"
        }) than samples.safetensors`,
      );
    });
  }
}

/** Reads data/digests.json; null where it is no such thing, which is told. */
function readDigests(text: string, fault: (what: string) => void): Digests | null {
  const value = JSON.parse(text) as Partial<Digests> | null;
  const isDigest = (digest: unknown) => typeof digest === "string" && /^[0-9a-f]{64}$/.test(digest);
  const right = typeof value === "object" && value !== null && isDigest(value.spec) &&
    isDigest(value.data) &&
    isDigest(value.run) && Number.isSafeInteger(value.method) &&
    [value.parent, value.from].every((digest) => digest === undefined || isDigest(digest));
  if (right) return value as Digests;
  fault("it does not hold the digests of spec, data and run");
  return null;
}

/** Checks that a file has the tensors of the spec's network, under each of the prefixes. */
async function checkWeights(
  bundle: BundleFiles,
  file: string,
  spec: ResolvedSpec,
  fault: (what: string) => void,
  prefixes = [""],
): Promise<void> {
  const { parameters } = networkPlan(spec);
  const expected = new Map(
    prefixes.flatMap((prefix) => parameters.map(({ name, shape }) => [prefix + name, shape])),
  );
  const found = await bundle.tensors(file);
  for (const [name, shape] of expected) {
    const tensor = found.get(name);
    if (!tensor) fault(`the spec's network has ${name} [${shape}], which is missing`);
    else if (tensor.shape.join() !== shape.join()) {
      fault(`${name} is [${tensor.shape}], and in the spec's network [${shape}]`);
    } else if (!areNumbers(toFloat32(tensor))) fault(`${name} holds NaN or infinity`);
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) fault(`the spec's network has no ${name}`);
  }
}

async function checkSamples(
  bundle: BundleFiles,
  file: string,
  spec: ResolvedSpec,
  fault: (what: string) => void,
): Promise<void> {
  const { imageSize, channels, sampling } = spec;
  const shape = [sampling.count, imageSize, imageSize, channels].join();
  const found = await bundle.tensors(file);
  for (const [name, tensor] of found) {
    if (tensor.shape.join() !== shape || tensor.dtype !== "U8") {
      fault(`${name} is ${tensor.dtype} [${tensor.shape}], and by the spec U8 [${shape}]`);
    }
  }
  for (const angle of sampling.rotation) {
    if (!found.has(String(angle))) fault(`the angle ${angle} is missing`);
  }
}
