/** Draws one batch of images: the loop over steps, around one jitted step. */
import * as tf from "@tensorflow/tfjs";
import type { JitFunction } from "../engines/engine.ts";
import { stepsAtOnce } from "../engines/gpu_pace.ts";
import { nextTask } from "../engines/next_task.ts";
import { applyMap, type PlaneMap } from "../../kernels/rotate/mod.ts";
import { philoxKey } from "../../kernels/random_normal/philox.ts";
import { denoise, stepNumbers } from "./denoise.ts";
import type { Motion, StepMaps } from "./motion.ts";
import {
  type Batch,
  blocksPerImage,
  counterTensor,
  labelsOf,
  startingNoise,
} from "./sample_inputs.ts";
import type { SampleOptions, SamplerOptions } from "./sampler.ts";
import type { SamplingStep } from "./steps.ts";
import { elementOf } from "../collections/elements.ts";
import { rank4 } from "../../kernels/shared/ranks.ts";

/** What the batches of a run share. */
export interface BatchRun {
  options: SamplerOptions;
  steps: SamplingStep[];
  motion: Motion;
  /** The jitted steps, by the kinds of their maps, which are frozen in the recording. */
  recorded: Map<string, JitFunction>;
}

/** The progress of a batch. */
interface Drawing {
  state: tf.Tensor4D;
  /** The predicted image, if the next step or the caller needs it. */
  predicted: tf.Tensor4D | null;
  /** The state as the network sees it, if the state keeps its frame. */
  seen: tf.Tensor4D | null;
}

/** What all steps of a batch share. */
interface BatchInputs {
  batch: Batch;
  /** Whether the sampler uses the previous predicted image. */
  carries: boolean;
  /** The key of the noise, if the sampler draws any. */
  key: tf.Tensor1D | null;
  /** The classes, if the network knows them. */
  label: tf.Tensor1D | null;
}

/**
 * Draws one batch.
 *
 * @returns the images, not clamped, [size, height, width, channels]
 */
export async function sampleBatch(
  run: BatchRun,
  batch: Batch,
  { onStep, signal }: { onStep: SampleOptions["onStep"]; signal: AbortSignal | undefined },
): Promise<tf.Tensor4D> {
  const { options, steps, motion } = run;
  const shared = batchInputs(run, batch);
  const pace = createPace(options.engine.device);
  let drawing = firstDrawing(options, shared);
  const emit = (step: number, timestep: number, predicted: tf.Tensor4D | null) =>
    onStep?.({
      ...batch,
      step,
      steps: steps.length,
      timestep,
      state: drawing.seen ?? drawing.state,
      predicted,
    });
  try {
    await emit(0, steps[0]!.timestep, null);
    for (const [index, step] of steps.entries()) {
      await nextTask();
      signal?.throwIfAborted();
      const maps = motion.mapsOf(index);
      const before = drawing;
      drawing = nextDrawing(run, shared, before, { index, maps });
      disposeDrawing(before);
      await pace.submitted(drawing.state);
      const guess = options.showsGuess ? shownGuess(drawing, maps) : null;
      try {
        await emit(index + 1, step.nextTimestep, guess);
      } finally {
        guess?.dispose();
      }
      pace.resume();
    }
    return (drawing.seen ?? drawing.state).clone();
  } finally {
    disposeDrawing(drawing);
    tf.dispose([shared.key, shared.label].filter((tensor) => tensor !== null));
  }
}

function batchInputs({ options, steps }: BatchRun, batch: Batch): BatchInputs {
  const draws = steps.some((step) => step.noise !== 0);
  return {
    batch,
    carries: steps.some((step) => step.previous !== 0),
    key: draws ? tf.tensor1d(philoxKey(options.seed, "samplingStep"), "int32") : null,
    label: options.classes === null ? null : labelsOf(options, batch),
  };
}

/** Nothing has moved yet, so the network sees the state itself; `nextDrawing` knows. */
function firstDrawing(options: SamplerOptions, { batch, carries }: BatchInputs): Drawing {
  const state = startingNoise(options, batch);
  return { state, predicted: carries ? tf.zerosLike(state) : null, seen: null };
}

function nextDrawing(
  run: BatchRun,
  { batch, carries, key, label }: BatchInputs,
  { state, predicted, seen }: Drawing,
  { index, maps }: { index: number; maps: StepMaps },
): Drawing {
  const { options, steps } = run;
  const numbers = stepNumbers(elementOf(steps, index));
  const counter = counterTensor(batch.first * blocksPerImage(options.imageShape), index);
  const results = stepFunction(run, maps, {
    carries,
    draws: key !== null,
    labelled: label !== null,
  })(
    state,
    ...(maps.next ? [seen ?? state] : []),
    numbers,
    ...(carries && predicted ? [predicted] : []),
    ...(key ? [key, counter] : []),
    ...(label ? [label] : []),
    ...allMaps(maps).flatMap((map) => map.tensors),
  );
  tf.dispose([numbers, counter]);
  const [next, ...others] = results;
  const [nextSeen, guess] = maps.next ? others : [undefined, ...others];
  return {
    state: rank4(next),
    seen: maps.next ? rank4(nextSeen) : null,
    predicted: guess ? rank4(guess) : null,
  };
}

function disposeDrawing({ state, predicted, seen }: Drawing): void {
  tf.dispose([state, predicted, seen].filter((tensor) => tensor !== null));
}

/** The predicted image as the moved state shows it. */
function shownGuess({ predicted }: Drawing, { next }: StepMaps): tf.Tensor4D | null {
  if (!predicted) return null;
  return next ? applyMap(predicted, next) : predicted.clone();
}

/** The maps of a step in one list, in the order that {@link stepFunction} takes them. */
function allMaps({ after, reached, next }: StepMaps): PlaneMap[] {
  return [...after, ...(reached ? [reached] : []), ...(next ? [next] : [])];
}

/** Returns the step as a jitted function of a flat list of tensors. */
function stepFunction(
  { options, recorded }: BatchRun,
  maps: StepMaps,
  { carries, draws, labelled }: { carries: boolean; draws: boolean; labelled: boolean },
): JitFunction {
  const kinds = [maps.after.map(({ kind }) => kind), maps.reached?.kind, maps.next?.kind].join(";");
  const found = recorded.get(kinds);
  if (found) return found;
  const { predict, sampling: { clip, guidance, noise }, showsGuess, isUpright } = options;
  // The recording must not hold on to the tensors of the first step.
  const shapes = allMaps(maps).map(({ tensors, ...shape }) => ({
    ...shape,
    count: tensors.length,
  }));
  const [moves, isReached, keepsFrame] = [maps.after.length, "reached" in maps, "next" in maps];
  function samplingStep(...inputs: tf.Tensor[]): tf.Tensor[] {
    // `nextDrawing` passes the inputs in this order, so their ranks are known.
    const take = <T extends tf.Tensor>() => inputs.shift() as T;
    const [x, seen] = [take<tf.Tensor4D>(), keepsFrame ? take<tf.Tensor4D>() : null];
    const numbers = take<tf.Tensor1D>();
    const previous = carries ? take<tf.Tensor4D>() : null;
    const random = draws ? { key: take<tf.Tensor1D>(), counter: take<tf.Tensor1D>() } : null;
    const label = labelled ? take<tf.Tensor1D>() : null;
    const given = shapes.map(({ count, ...shape }) => ({
      ...shape,
      tensors: inputs.splice(0, count),
    }));
    const after = given.splice(0, moves);
    const result = denoise({ predict, clip, guidance, noise, isUpright }, {
      x,
      numbers,
      ...(seen ? { seen } : {}),
      ...(previous ? { previous } : {}),
      ...(random ? { random } : {}),
      ...(label ? { label } : {}),
      maps: {
        after,
        ...(isReached ? { reached: given.shift()! } : {}),
        ...(keepsFrame ? { next: given.shift()! } : {}),
      },
    });
    return [
      result.x,
      ...(result.seen ? [result.seen] : []),
      ...(carries || showsGuess ? [result.predicted] : []),
    ];
  }
  const step = options.engine.jit(samplingStep);
  recorded.set(kinds, step);
  return step;
}

/**
 * On a GPU, a call only queues its step. Without an occasional wait, progress would run ahead and
 * Ctrl-C would hang.
 */
function createPace(device: string) {
  let stepsPerWait = 1;
  let submitted = 0;
  let waited = false;
  let startMs = performance.now();
  return {
    /** Call after submitting a step. Waits for it now and then. */
    async submitted(state: tf.Tensor): Promise<void> {
      waited = device !== "cpu" && ++submitted >= stepsPerWait;
      if (!waited) return;
      await state.data(); // The shortest wait that every engine supports.
      stepsPerWait = stepsAtOnce((performance.now() - startMs) / submitted);
    },
    /** Call before submitting the next step, so that the caller's time does not count. */
    resume(): void {
      if (waited) [submitted, startMs] = [0, performance.now()];
    },
  };
}
