/** The spec language: specs as people write them, checked, resolved, named and digested. */
export { canonicalJson } from "./canonical.ts";
export { METHOD_VERSION, runDigest, specDigest, trainingDigest, withoutPlaces } from "./digest.ts";
export { drawnLabels } from "./labels.ts";
export { type LoadedSpec, loadSpec, loadSweep, readSpec, type SpecFile } from "./load.ts";
export { specName } from "./name.ts";
export { type ParseOptions, parseSpec } from "./parse.ts";
export { resolveSpec } from "./resolve.ts";
export type * from "./resolved.ts";
export { datasetFacts } from "./schema.ts";
export { expandSweep } from "./sweep.ts";
