/**
 * Diffusion: the noise schedule, the training objective, the samplers, and rotation and shift
 * during sampling.
 */
export * from "./denoise.ts";
export * from "./motion.ts";
export * from "./noising.ts";
export * from "./sampler.ts";
export * from "./schedule.ts";
export * from "./steps.ts";
