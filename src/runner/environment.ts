/** What is true of one run only: where and when it ran, and how fast. A tag file of the bundle, outside its payload. */
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/mod.ts";
import type { Digests } from "../bundle/layout.ts";
import { projectPackages, projectState, provenance } from "../bundle/provenance.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import type { Trained } from "./train_phase.ts";

/** What both files tell of. */
export interface Told {
  engine: Engine;
  dataset: Dataset;
  trained: Trained;
  startedAt: Date;
  finishedAt: Date;
}

/** The environment of a run as JSON can hold it. */
export function environmentOf({ engine, dataset, trained, startedAt, finishedAt }: Told): Record<string, unknown> {
  return {
    engine: engine.name,
    description: engine.description,
    device: engine.device,
    trainedOn: trained.places,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    cores: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    data: { source: dataset.source, images: dataset.count, skipped: dataset.skipped },
    trainingImagesPerSecond: trained.imagesPerSecond,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
  };
}

/** provenance.json: who made the payload, of what, with what. */
export function provenanceOf(
  { engine, dataset, startedAt, finishedAt, spec, digests, subjects }: Told & {
    spec: ResolvedSpec;
    digests: Digests;
    subjects: { name: string; sha256: string }[];
  },
): string {
  const { name, description, device } = engine;
  return provenance({
    subjects,
    spec,
    name: specName(spec),
    digests,
    data: { name: dataset.name, source: dataset.source, digest: dataset.digest },
    engine: { name, description, device, threads: navigator.hardwareConcurrency },
    libraries: [],
    project: projectState(),
    packages: projectPackages(),
    started: startedAt.toISOString(),
    finished: finishedAt.toISOString(),
  });
}
