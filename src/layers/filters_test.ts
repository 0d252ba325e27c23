/** The padding of the published filters, and what goes around a filtered nonlinearity. */
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGeluReference } from "../../kernels/alias_free_gelu/reference.ts";
import { filteredDownsampleReference } from "../../kernels/filtered_downsample/reference.ts";
import { filteredUpsampleReference } from "../../kernels/filtered_upsample/reference.ts";
import { rank2, rank4 } from "../../kernels/shared/ranks.ts";
import { type Values, zeros } from "../../kernels/shared/reference.ts";
import { random, tensorOf, testOnEngines } from "../../kernels/shared/testing.ts";
import { pixelAt } from "../filters/mod.ts";
import { assertClose } from "../golden/golden.ts";
import {
  filterConstant,
  filteredDouble,
  filteredGelu,
  filteredHalf,
  type JincFilters,
} from "./filters.ts";

type Outside = "circular" | "reflect";

function jinc(kernelSize: number, padding: Outside): JincFilters {
  const cutoff = { down: 1.4, up: 1.7 };
  return { kind: "jinc", kernelSize, kaiserBeta: 2, normalized: true, cutoff, gain: 4, padding };
}

function lowpass(name: "up" | "down", filters: JincFilters): Values {
  const { shape, values } = filterConstant(name, filters, 1);
  return { shape, data: Float64Array.from(values) };
}

/** Pixels on each side of a larger image, an even number: no filter sees its border. */
const margin = 16;

/** The image with all that the padding says around it. */
function surrounded({ shape, data }: Values, padding: Outside): Values {
  const [batch, size, , channels] = shape as [number, number, number, number];
  const wide = size + 2 * margin;
  const larger = zeros([batch, wide, wide, channels]);
  for (let i = 0; i < larger.data.length; i++) {
    const place = Math.floor(i / channels);
    const row = pixelAt(Math.floor(place / wide) % wide - margin, size, padding)!;
    const column = pixelAt(place % wide - margin, size, padding)!;
    const image = Math.floor(place / wide / wide);
    larger.data[i] = data[((image * size + row) * size + column) * channels + i % channels]!;
  }
  return larger;
}

/** The middle of an image, without `pixels` on each side. */
function middle({ shape, data }: Values, pixels: number): Float64Array {
  const [batch, wide, , channels] = shape as [number, number, number, number];
  const size = wide - 2 * pixels;
  const from = (place: number) => {
    const row = Math.floor(place / size) % size + pixels;
    return (Math.floor(place / size / size) * wide + row) * wide + place % size + pixels;
  };
  return Float64Array.from(
    { length: batch * size * size * channels },
    (_, i) => data[from(Math.floor(i / channels)) * channels + i % channels]!,
  );
}

async function assertSame(actual: tf.Tensor, expected: Float64Array, what: string): Promise<void> {
  assertClose(await actual.data(), expected, 1e-5, what);
  actual.dispose();
}

testOnEngines(
  "published filters see beyond the border what the padding says",
  async (engine) => {
    const cases = [[3, 1], [3, 4], [2, 2], [6, 3], [12, 2]] as const;
    // A software GPU takes seconds to compile the shaders of each size.
    for (const [kernelSize, half] of engine.name === "webgpu" ? cases.slice(0, 2) : cases) {
      for (const padding of ["circular", "reflect"] as const) {
        const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
        const filters = jinc(kernelSize, padding);
        const x = random(seed).values([2, 2 * half, 2 * half, 3]);
        const [up, down] = [lowpass("up", filters), lowpass("down", filters)];
        const larger = surrounded(x, padding);
        const [image, upTaps, downTaps] = [tensorOf(x), tensorOf(up), tensorOf(down)];
        const constant = (name: string) => name === "up" ? upTaps : downTaps;
        const what = `${kernelSize} taps, ${2 * half} pixels, ${padding}, seed ${seed}`;

        const halved = tf.tidy(() => filteredHalf(rank4(image), filters, rank2(downTaps)));
        const halvedWhole = filteredDownsampleReference(larger, down);
        await assertSame(halved, middle(halvedWhole, margin / 2), `down, ${what}`);

        const doubled = tf.tidy(() => filteredDouble(rank4(image), filters, rank2(upTaps)));
        const doubledWhole = filteredUpsampleReference(larger, up);
        await assertSame(doubled, middle(doubledWhole, 2 * margin), `up, ${what}`);

        if (padding === "circular") {
          const dropped = (y: tf.Tensor4D) => y;
          const tensors = { constant, parameter: constant, dropped };
          const y = tf.tidy(() => filteredGelu(rank4(image), tensors, { filters, bypass: false }));
          const whole = aliasFreeGeluReference(larger, up, down);
          await assertSame(y, middle(whole, margin), `gelu, ${what}`);

          const around = tf.tidy(() =>
            filteredGelu(rank4(image), tensors, { filters, bypass: true })
          );
          const kept = filteredDownsampleReference(doubledWhole, down);
          const sum = whole.data.map((value, i) => value + (larger.data[i]! - kept.data[i]!) / 2);
          await assertSame(
            around,
            middle({ shape: whole.shape, data: sum }, margin),
            `bypass, ${what}`,
          );
        }
        tf.dispose([image, upTaps, downTaps]);
      }
    }
  },
);
