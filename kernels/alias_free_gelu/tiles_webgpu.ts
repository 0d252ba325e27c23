// Cuts images into tiles for the alias-free GELU's WebGPU programs, and runs such a program.
import type * as tf from "@tensorflow/tfjs";
import geluFunctions from "../gelu/gelu_functions.wgsl" with { type: "text" };
import { padding } from "../shared/taps.ts";
import { spreadWorkgroups, vectorWidth, type WgslBackend, withValueType } from "../shared/wgsl.ts";
import tileCode from "./tile.wgsl" with { type: "text" };
import { sizes2, sizes4 } from "../shared/ranks.ts";

const tile = 8;

/** How the programs cut an image into tiles, and the sizes of the workgroup memory. */
export interface Tiling {
  readonly width: 1 | 4;
  readonly constants: Record<string, number>;
  /** Values of the struct Uniforms. */
  readonly uniforms: number[];
  readonly tiles: number;
  /** Tiles in all images, not counting separate channels. */
  readonly places: number;
}

/**
 * Cuts the image into tiles. `region` gives the side of the piece of the doubled image that a tile
 * needs, from the taps of both filters.
 */
export function tilingOf(
  backend: WgslBackend,
  x: tf.TensorInfo,
  [up, down]: readonly [tf.TensorInfo, tf.TensorInfo],
  regionOf: (upTaps: number, downTaps: number) => number,
): Tiling {
  const [batch, height, width, channels] = sizes4(x.shape);
  const [upTaps] = sizes2(up.shape);
  const [downTaps] = sizes2(down.shape);
  const region = regionOf(upTaps, downTaps);
  const xSide = Math.floor((region + upTaps - 1) / 2) + 1;
  const dySide = Math.floor((region + downTaps - 1) / 2) + 1;
  // Bytes for one channel. Handling more channels at a time makes better use of each memory fetch.
  const bytes = 4 * (region ** 2 + xSide ** 2 + dySide ** 2);
  const taps = 4 * (upTaps ** 2 + downTaps ** 2);
  const room = (backend.device.limits.maxComputeWorkgroupStorageSize - taps) / bytes;
  const vector = room >= 4 ? vectorWidth(channels) : 1;
  const vectors = Math.max(
    1,
    Math.min(Math.floor(room / vector), channels / vector, vector === 4 ? 2 : 4),
  );
  const across = Math.ceil(width / tile);
  const downward = Math.ceil(height / tile);
  const groups = Math.ceil(channels / vector / vectors);
  const tiles = batch * across * downward * groups;
  return {
    width: vector,
    constants: {
      TILE: tile,
      VECTORS: vectors,
      REGION: region,
      X_SIDE: xSide,
      DY_SIDE: dySide,
      UP_TAPS: upTaps,
      UP_PADDING: padding(upTaps),
      DOWN_TAPS: downTaps,
      DOWN_PADDING: padding(downTaps),
    },
    uniforms: [height, width, channels / vector, downward, across, groups, tiles],
    tiles,
    places: tiles / groups,
  };
}

/** The region that an output tile reads through the downsampling. */
export function forwardRegion(_upTaps: number, downTaps: number): number {
  return 2 * (tile - 1) + downTaps;
}

/** The region that a tile of dx reads through the transposed upsampling. */
export function backwardRegion(upTaps: number, _downTaps: number): number {
  return 2 * (tile - 1) + upTaps;
}

/** The region that belongs to one tile alone. */
export function wholeRegion(): number {
  return 2 * tile;
}

/** One dispatch of a tile program. */
export interface TileDispatch {
  readonly name: string;
  /** WGSL to append to the code that all tile programs share. */
  readonly code: readonly string[];
  readonly constants?: Readonly<Record<string, number>>;
  /** The inputs, starting with x, up and down. */
  readonly reads: readonly tf.TensorInfo[];
  readonly writes: readonly tf.TensorInfo[];
  /** One workgroup per tile if absent. */
  readonly workgroups?: readonly [number, number, number];
}

/** Runs a tile program. */
export function runTiles(backend: WgslBackend, tiling: Tiling, dispatch: TileDispatch): void {
  const { name, code, constants, reads, writes, workgroups = spreadWorkgroups(tiling.tiles) } =
    dispatch;
  backend.runWgsl({
    name,
    code: withValueType(tiling.width, geluFunctions, tileCode, ...code),
    constants: {
      ...tiling.constants,
      ...constants,
      OUT: reads.length,
      UNIFORMS: reads.length + writes.length,
    },
    reads,
    writes,
    uniforms: tiling.uniforms,
    workgroups,
  });
}
