// Runs a jitted training step thousands of times and checks that nothing leaks.
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { aliasFreeGelu } from "../../kernels/alias_free_gelu/mod.ts";
import { adamw, adamwRates } from "../../kernels/adamw/mod.ts";
import { randomNormal } from "../../kernels/random_normal/mod.ts";
import { testOnEngines } from "../../kernels/shared/testing.ts";

/**
 * The number of open files, sockets and pipes of this process; null if the system does not report
 * it.
 */
function openFiles(): number | null {
  return Deno.build.os === "linux" ? [...Deno.readDirSync("/proc/self/fd")].length : null;
}

testOnEngines(
  "tensors, memory and open files do not grow between 100 and 2,000 training steps",
  (engine) => {
    const variable = (shape: number[]) =>
      tf.tidy(() =>
        tf.variable(tf.tensor(
          Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i)),
          shape,
        ))
      );
    const w = variable([3, 3, 2, 2]);
    const moments = [0, 1].map(() => tf.variable(tf.zerosLike(w)));
    const lowpass = tf.fill([3, 3], 1 / 9) as tf.Tensor2D;
    const key = tf.tensor1d([1, 2], "int32");
    const trainStep = engine.jit((counter, rates) => {
      const x = randomNormal<tf.Rank.R4>([2, 4, 4, 2], key, counter as tf.Tensor1D);
      const { value, grads } = tf.variableGrads(() => {
        const y = aliasFreeGelu(tf.conv2d(x, w as tf.Tensor4D, 1, "same"), {
          up: lowpass,
          down: lowpass,
        });
        return tf.mean(tf.squaredDifference(y, x)) as tf.Scalar;
      }, [w]);
      adamw(
        [{ parameter: w, gradient: grads[w.name]!, mean: moments[0]!, square: moments[1]! }],
        rates as tf.Tensor1D,
      );
      return [value];
    });
    const losses: number[] = [];
    const steps = (first: number, last: number) => {
      for (let step = first; step < last; step++) {
        const rates = adamwRates({ learningRate: 0.003, weightDecay: 0.01, step: step + 1 });
        const inputs = [tf.tensor1d([0, 0, step, 0], "int32"), tf.tensor1d(rates)];
        const [loss] = trainStep(...inputs);
        losses.push(loss!.dataSync()[0]!);
        tf.dispose([loss, ...inputs]);
      }
    };
    steps(0, 100);
    const before = tf.memory();
    const rss = Deno.memoryUsage().rss;
    const handles = openFiles();
    steps(100, 2000);
    const after = tf.memory();
    const grown = Deno.memoryUsage().rss / rss - 1;
    assertEquals([after.numTensors, after.numDataBuffers], [
      before.numTensors,
      before.numDataBuffers,
    ]);
    assertEquals(openFiles(), handles);
    assert(grown < 0.05, `the resident memory grew by ${(100 * grown).toFixed(1)} %`);
    // Noise and rates are not frozen into the recording: losses do not repeat, and they fall.
    assert(new Set(losses).size > 1990, "losses repeat");
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    assert(
      mean(losses.slice(-100)) < 0.9 * mean(losses.slice(0, 100)),
      `${losses[0]} ... ${losses.at(-1)}`,
    );
    trainStep.dispose();
    tf.dispose([w, ...moments, lowpass, key]);
    return Promise.resolve();
  },
  (engine) => engine === "tensorflow",
);
