/**
 * Facts about one execution of a run: where and when it ran, and how fast. They go into tag files,
 * outside the bundle's payload.
 */
import type { Dataset } from "../datasets/mod.ts";
import type { Digests, Environment, Platform } from "../bundle/schemas.ts";
import { projectPackages, projectState, provenance } from "../bundle/provenance.ts";
import { type ResolvedSpec, specName } from "../spec/mod.ts";
import { platformName } from "./platform.ts";
import type { TimeSpent } from "./time_spent.ts";
import type { TrainingResult } from "./train_phase.ts";

/** The facts that environment.json and provenance.json state. */
export interface RunFacts {
  place: Platform;
  /** The engine's description. */
  description: string;
  dataset: Dataset;
  /** Where the images are, if the spec says so. No other local path enters a bundle. */
  imagesAt: string | null;
  trained: TrainingResult;
  spent: TimeSpent;
  finishedAt: Date;
}

/** The content of environment.json. */
export function environmentOf(facts: RunFacts): Environment {
  const { place, description, dataset, imagesAt, trained, spent, finishedAt } = facts;
  return {
    engine: description,
    place,
    trainedOn: trained.places.map(platformName),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    host: hostname(),
    cores: navigator.hardwareConcurrency,
    data: {
      source: dataset.source,
      images: dataset.count,
      skipped: dataset.skipped,
      notes: dataset.notes,
      path: imagesAt,
      classNames: dataset.classNames,
    },
    trainingImagesPerSecond: spent.training.images > 0
      ? spent.training.images / spent.training.seconds
      : null,
    startedAt: spent.startedAt,
    finishedAt: finishedAt.toISOString(),
    starts: spent.starts,
    seconds: spent.seconds,
  };
}

function hostname(): string | null {
  try {
    return Deno.hostname();
  } catch {
    return null; // No permission to ask.
  }
}

/** The text of provenance.json: what made the payload, from what, and with what. */
export function provenanceOf(
  facts: RunFacts & {
    spec: ResolvedSpec;
    digests: Digests;
    subjects: { name: string; sha256: string }[];
  },
): string {
  const { place, description, dataset, trained, spent, finishedAt, spec, digests, subjects } =
    facts;
  const { engine: name, device, threads, processor, libraries } = place;
  const places = trained.places.map(platformName);
  return provenance({
    subjects,
    spec,
    name: specName(spec),
    digests,
    data: { name: dataset.name, source: dataset.source, digest: dataset.digest },
    engine: { name, description, device, threads, processor },
    libraries,
    project: projectState(),
    packages: projectPackages(),
    started: spent.startedAt,
    finished: finishedAt.toISOString(),
    notes: [
      ...trained.notes,
      ...dataset.notes.map((note) => `data: ${note}`),
      ...(places.length > 1
        ? [`more than one engine worked on the training: ${places.join("; ")}`]
        : []),
    ],
  });
}
