/** The messages between the page and its worker. */
import type { NetworkSpec } from "../../unet/plan.ts";
import type { NoiseSection, SamplingSection } from "../../spec/resolved.ts";
import type { PlayEngineChoice } from "./engine.ts";

/** What the worker needs to draw with a model. */
export interface PlayModel {
  /** The bundle's name, for people. */
  name: string;
  /** The paper's name for its spec, such as `D-2N`. */
  label: string;
  /** The network to compile. */
  network: NetworkSpec & { seed: number };
  /** The noise that it was trained with. */
  noise: NoiseSection;
  /** The spec's sampling; the page's defaults. */
  sampling: Pick<SamplingSection, "clip" | "guidance" | "variance" | "rotation" | "sampler">;
  /** The class names by label; null if the network has no classes. */
  classNames: string[] | null;
  /** The largest error of a weight in float16, relative to the largest weight in its tensor. */
  weightError: number;
}

/** The settings of a drawing. */
export interface DrawRequest {
  seed: number;
  /** The number of images; their noise is that of the indices 0, 1, ... */
  count: number;
  sampler: SamplingSection["sampler"];
  steps: number;
  /** The class of every image; null: all classes in turn. */
  label: number | null;
  guidance: number | null;
  /** The angles at which each image is drawn, in degrees counter-clockwise. */
  angles: number[];
  /** The shift over all steps, in pixels. */
  shift: { columns: number; rows: number };
}

/** From the page to the worker. */
export type ToWorker =
  | {
    kind: "open";
    choice: PlayEngineChoice;
    wasm: Uint8Array<ArrayBuffer>;
    models: PlayModel[];
    weights: Uint8Array[];
  }
  | { kind: "draw"; id: number; request: DrawRequest }
  | { kind: "stop" };

/** From the worker to the page. */
export type FromWorker =
  | { kind: "ready"; engine: string; reason: string }
  /** The images of one model and angle after a step; bytes of images, rows, columns, channels. */
  | {
    kind: "step";
    id: number;
    model: number;
    angle: number;
    step: number;
    steps: number;
    timestep: number;
    state: Uint8Array;
    /** The clean image that the network predicts; null before the first step. */
    prediction: Uint8Array | null;
  }
  | { kind: "drawn"; id: number; milliseconds: number }
  | { kind: "stopped"; id: number }
  | { kind: "failed"; message: string };
