/** What the page and its worker say to each other. Both are ours, in one file. */
import type { NetworkSpec } from "../../unet/plan.ts";
import type { NoiseSection, SamplingSection } from "../../spec/resolved.ts";

/** What the worker must know of a model to draw with it. */
export interface PlayModel {
  /** The bundle's name, for people. */
  name: string;
  /** The paper's name of its spec: `D-2N`. */
  label: string;
  /** What its network is compiled from. */
  network: NetworkSpec & { seed: number };
  /** The noise that it was trained with. */
  noise: NoiseSection;
  /** The spec's own way of drawing, the page's defaults. */
  sampling: Pick<SamplingSection, "clip" | "guidance" | "variance" | "rotation" | "sampler">;
  /** The classes' names, by label; null where the network has no classes. */
  classNames: string[] | null;
  /** The largest relative difference that float16 makes in a weight of this model. */
  weightError: number;
}

/** What a person asks for. */
export interface DrawRequest {
  seed: number;
  /** How many images; their noise is that of the indices 0, 1, ... */
  count: number;
  sampler: SamplingSection["sampler"];
  steps: number;
  /** The class of every image; null: all classes in turn. */
  label: number | null;
  guidance: number | null;
  /** Degrees for each row of images, counter-clockwise. */
  angles: number[];
  /** Pixels over the whole run. */
  shift: { columns: number; rows: number };
}

/** From the page to the worker. */
export type ToWorker =
  | {
    kind: "open";
    /** Which engine to take; `auto` prefers a hardware GPU. */
    wanted: "auto" | "webgpu" | "wasm";
    wasm: Uint8Array<ArrayBuffer>;
    models: PlayModel[];
    weights: Uint8Array[];
  }
  | { kind: "draw"; id: number; request: DrawRequest }
  | { kind: "stop" };

/** From the worker to the page. */
export type FromWorker =
  | { kind: "ready"; engine: string; why: string }
  /** The images of one model and angle after a step; bytes of images, rows, columns, channels. */
  | {
    kind: "moment";
    id: number;
    model: number;
    angle: number;
    step: number;
    steps: number;
    timestep: number;
    state: Uint8Array;
    /** The image that the network guesses behind the noise; null before the first step. */
    guess: Uint8Array | null;
  }
  | { kind: "drawn"; id: number; milliseconds: number }
  | { kind: "stopped"; id: number }
  | { kind: "failed"; message: string };
