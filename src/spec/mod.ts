/** The spec language: what a person writes, checked, resolved, named and digested. */
export { METHOD_VERSION, runDigest, specDigest, trainingDigest } from "./digest.ts";
export { specName } from "./name.ts";
export { type ParseOptions, parseSpec } from "./parse.ts";
export { resolveSpec } from "./resolve.ts";
export type { ResolvedSpec } from "./resolved.ts";
export { datasetFacts, type DatasetName, type Spec } from "./schema.ts";
