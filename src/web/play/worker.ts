/**
 * The page's worker: opens an engine, compiles the models, and draws. It runs in a browser, for a
 * local page, and makes no requests.
 */
import { createSampler, noiseSchedule, type Sampler, toPixels } from "../../diffusion/mod.ts";
import type { Engine } from "../../engines/engine.ts";
import { decodeTensors } from "../../formats/safetensors.ts";
import { compileUNet, type UNet } from "../../unet/mod.ts";
import { openPlayEngine } from "./engine.ts";
import type { DrawRequest, FromWorker, PlayModel, ToWorker } from "./protocol.ts";

interface Loaded {
  model: PlayModel;
  unet: UNet;
}

let engine: Engine | null = null;
let loaded: Loaded[] = [];
let stopping = new AbortController();

/** A worker's global object, which Deno's types for modules do not describe. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
};

scope.onmessage = ({ data }) => {
  handle(data).catch((error) => {
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: "failed", message });
  });
};

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "open":
      return await open(message);
    case "draw":
      return await draw(message.id, message.request);
    case "stop":
      return stopping.abort();
    default:
      message satisfies never;
  }
}

async function open(
  { choice, wasm, models, weights }: Extract<ToWorker, { kind: "open" }>,
): Promise<void> {
  const opened = await openPlayEngine(wasm, choice);
  engine = opened.engine;
  loaded = models.map((model, i) => {
    const bytes = weights[i];
    if (!bytes) throw new Error(`the page contains no weights of ${model.name}`);
    return { model, unet: compileUNet(model.network, decodeTensors(bytes, model.name)) };
  });
  scope.postMessage({ kind: "ready", engine: engine.description, reason: opened.reason });
}

async function draw(id: number, request: DrawRequest): Promise<void> {
  stopping.abort();
  stopping = new AbortController();
  const { signal } = stopping;
  const startMs = performance.now();
  try {
    for (const [index, { model, unet }] of loaded.entries()) {
      const sampler = samplerOf(model, unet, request);
      try {
        await drawAngles(sampler, id, index, request, signal);
      } finally {
        sampler.dispose();
      }
    }
    scope.postMessage({ kind: "drawn", id, milliseconds: performance.now() - startMs });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    scope.postMessage({ kind: "stopped", id });
  }
}

function samplerOf(model: PlayModel, unet: UNet, request: DrawRequest): Sampler {
  if (!engine) throw new Error("the engine is not open yet");
  const { network, noise, sampling, classNames } = model;
  return createSampler({
    engine,
    predict: unet.apply,
    imageShape: [network.imageSize, network.imageSize, network.channels],
    sampling: {
      sampler: request.sampler,
      steps: request.steps,
      eta: request.sampler === "ddim" ? 0 : null,
      variance: request.sampler === "ancestral" ? sampling.variance ?? "posterior" : null,
      clip: sampling.clip,
      guidance: classNames === null ? null : request.guidance,
      labels: classNames === null || request.label === null ? null : [request.label],
      batchSize: request.count,
      shift: { ...request.shift, rule: "spread" },
    },
    classes: network.classes,
    schedule: noiseSchedule(noise),
    seed: request.seed,
    showsGuess: true,
  });
}

async function drawAngles(
  sampler: Sampler,
  id: number,
  model: number,
  { angles, count }: DrawRequest,
  signal: AbortSignal,
): Promise<void> {
  for (const [angle, angleDegrees] of angles.entries()) {
    await sampler.sample({
      count,
      angleDegrees,
      signal,
      onStep: async ({ step, steps, timestep, state, predicted }) => {
        const pixels = toPixels(await state.data());
        const prediction = predicted && toPixels(await predicted.data());
        scope.postMessage({
          kind: "step",
          id,
          model,
          angle,
          step,
          steps,
          timestep,
          state: pixels,
          prediction,
        }, [pixels.buffer, ...(prediction ? [prediction.buffer] : [])]);
      },
    });
  }
}
