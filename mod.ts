/**
 * Alias-free diffusion models as a library: filters, kernels, engines, the network, and whole
 * experiments.
 *
 * The method is that of "Advancing Diffusion Models: Alias-Free Resampling and Enhanced Rotational
 * Equivariance" (arXiv 2411.09174). Tensors are tfjs tensors, N, H, W, C in float32; use the `tf`
 * that is exported here, for there must be one only. Most functions need an open engine:
 *
 * ```ts
 * import { compileUNet, loadSpec, openEngine, tf } from "@alias-free/diffusion";
 *
 * await openEngine("auto");
 * const { resolved } = await loadSpec("experiments/quickstart.yaml");
 * const unet = compileUNet(resolved);
 * unet.apply(tf.zeros([1, 16, 16, 1]), tf.tensor1d([500]), tf.tensor1d([3])); // the noise, [1, 16, 16, 1]
 * ```
 *
 * A filter as the operations take it:
 *
 * ```ts
 * import { filteredUpsample, lowpassKernel, openEngine, tf } from "@alias-free/diffusion";
 *
 * await openEngine("cpu");
 * const taps = lowpassKernel({ size: 3, kaiserBeta: 2, normalized: true });
 * const lowpass = tf.tensor2d(Float32Array.from(taps), [3, 3]);
 * filteredUpsample(tf.ones([1, 8, 8, 1]), lowpass).shape; // [1, 16, 16, 1]
 * ```
 *
 * A script outside this folder needs its names of packages: `deno run -A --config <this
 * folder>/deno.json script.ts`.
 *
 * @module
 */
export * as tf from "@tensorflow/tfjs";
export { UserError } from "./src/messages/errors.ts";

export {
  frequencyResponse,
  kaiserWindow,
  type LowpassDesign,
  lowpassKernel,
} from "./src/filters/mod.ts";

export type { ComputedIn } from "./src/engines/engine.ts";
export {
  type Engine,
  type EngineName,
  type EngineOptions,
  type JitFunction,
  type NativeLibrary,
  openEngine,
} from "./src/engines/mod.ts";

export { aliasFreeGelu, type AliasFreeGeluOptions } from "./kernels/alias_free_gelu/mod.ts";
export { attention } from "./kernels/attention/mod.ts";
export { filteredDownsample } from "./kernels/filtered_downsample/mod.ts";
export { filteredUpsample } from "./kernels/filtered_upsample/mod.ts";
export { randomNormal } from "./kernels/random_normal/mod.ts";
export {
  applyInverse,
  applyMap,
  disposeMap,
  type PlaneMap,
  type Pose,
  rigidMap,
  rotate,
  rotationMap,
} from "./kernels/rotate/mod.ts";
export { shift } from "./kernels/shift/mod.ts";

export * from "./src/spec/mod.ts";
export {
  compileUNet,
  loadWeights,
  type NetworkPlan,
  networkPlan,
  type NetworkSpec,
  saveWeights,
  type Step,
  type UNet,
} from "./src/unet/mod.ts";
export type { DropoutMasks } from "./src/unet/dropout.ts";
export type { Padding } from "./src/filters/border.ts";
export type { Weighted } from "./src/unet/weights.ts";
export type { WeightsChoice } from "./src/unet/weights_file.ts";
export { type LayerName, type LayerOptions, layers } from "./src/layers/registry.ts";
export type {
  Constant,
  Initializer,
  Layer,
  LayerTensors,
  Layout,
  Parameter,
  Shape,
} from "./src/layers/layer.ts";
export {
  type NoisePredictor,
  type NoiseSchedule,
  noiseSchedule,
  sampleImages,
  type SampleOptions,
  type SamplerOptions,
  type SamplingEvent,
  toPixels,
} from "./src/diffusion/mod.ts";
export {
  type Dataset,
  type DatasetRequest,
  loadDataset,
  type LoadOptions,
} from "./src/datasets/mod.ts";
export {
  type Dtype,
  readTensors,
  type TensorData,
  writeTensors,
} from "./src/formats/safetensors.ts";

export type { Features } from "./src/evaluation/features.ts";
export { frechetDistance } from "./src/evaluation/frechet.ts";
export {
  type KernelDistance,
  kernelDistance,
  type KernelDistanceOptions,
} from "./src/evaluation/kernel.ts";
export {
  type InceptionScore,
  inceptionScore,
  type InceptionScoreOptions,
} from "./src/evaluation/inception_score.ts";

export type {
  Overhead,
  Progress,
  ProgressFields,
  RunEvent,
  ScoreEvent,
} from "./src/messages/progress.ts";
export { type Model, openModel } from "./src/runner/open_model.ts";
export { type EngineProvider, runExperiment, type RunOptions } from "./src/runner/run.ts";
export { type Comparison, reproduceBundle, type ReproduceOptions } from "./src/runner/reproduce.ts";
export type { FileDifference, PayloadDifferences } from "./src/bundle/differences.ts";
export type { Bundle } from "./src/bundle/bag.ts";
export type { Digests } from "./src/bundle/layout.ts";
export { type Problem, type Verification, verifyBundle } from "./src/report/verify.ts";
