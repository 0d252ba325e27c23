/** What is true of one run only: where and when it ran, and how fast. A tag file of the bundle, outside its payload. */
import type { Dataset } from "../datasets/mod.ts";
import type { Engine } from "../engines/mod.ts";
import type { Trained } from "./train_phase.ts";

/** The environment of a run as JSON can hold it. */
export function environmentOf(
  { engine, dataset, trained, startedAt }: { engine: Engine; dataset: Dataset; trained: Trained; startedAt: Date },
): Record<string, unknown> {
  const finishedAt = new Date();
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
