import { assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { assertClose } from "../../src/golden/golden.ts";
import { rank2, rank4 } from "../shared/ranks.ts";
import { random, tensorOf, testOnEngines, trains } from "../shared/testing.ts";
import { inscribedDisc, type Motion, motionNumbers, moveEach } from "./each.ts";
import { applyMap, rigidMap } from "./mod.ts";

const numbersOf = (motions: Motion[]) => tf.tensor2d(motionNumbers(motions), [motions.length, 8]);

/** One image shifted and then turned by the map of a whole batch. */
function movedAlone(image: tf.Tensor4D, { degrees, columns, rows }: Motion): tf.Tensor4D {
  const size: [number, number] = [image.shape[1], image.shape[2]];
  const shifted = applyMap(image, rigidMap(size, { degrees: 0, columns, rows }));
  return applyMap(shifted, rigidMap(size, { degrees, columns: 0, rows: 0 }));
}

testOnEngines("moveEach: each image by its own motion, as the map of a batch", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  for (let round = 0; round < 5; round++) {
    const size = round === 0 ? 7 : 2 * draw.integer(2, 8);
    const channels = draw.integer(1, 3);
    const motions = Array.from({ length: draw.integer(1, 5) }, (): Motion => ({
      degrees: round === 1 ? 90 * draw.integer(-5, 5) : 1000 * draw.uniform() - 500,
      columns: round === 2 ? draw.integer(-9, 9) : 60 * draw.uniform() - 30,
      rows: 20 * draw.uniform() - 10,
    }));
    const x = rank4(tensorOf(draw.values([motions.length, size, size, channels])));
    const [moved, expected] = tf.tidy(() => [
      moveEach(x, numbersOf(motions), true),
      tf.concat(
        tf.split(x, motions.length).map((image, i) => movedAlone(rank4(image), motions[i]!)),
      ),
    ]);
    const what = `seed ${seed}, [${x.shape}], ${JSON.stringify(motions)}`;
    assertClose(await moved!.data(), await expected!.data(), 2e-5, what);
    tf.dispose([x, moved!, expected!]);
  }
});

testOnEngines(
  "moveEach: the gradient moves back; each call has its own motions",
  async (engine) => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const draw = random(seed);
    const [x, dy] = [draw.values([2, 8, 8, 3]), draw.values([2, 8, 8, 3])];
    const [images, upstream] = [tensorOf(x), tensorOf(dy)];
    const run = engine.jit((x, dy, numbers) => {
      const moved = (x: tf.Tensor) => moveEach(rank4(x), rank2(numbers), true);
      return [moved(x!), tf.grad(moved)(x!, dy!)];
    });
    const inner = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
    for (const degrees of [33, -140]) {
      const motions = numbersOf([{ degrees, columns: 1.25, rows: -3 }, {
        degrees: 0,
        columns: 0,
        rows: 0,
      }]);
      const [moved, gradient] = run(images, upstream, motions);
      const [forward, backward] = [await moved!.data(), await gradient!.data()];
      // Of a linear map: <dy, M x> = <M' dy, x>. The second image stays.
      assertClose([inner(backward, x.data)], [inner(forward, dy.data)], 1e-4, `seed ${seed}`);
      assertClose(forward.subarray(192), x.data.subarray(192), 1e-5, `seed ${seed}`);
      tf.dispose([motions, moved!, gradient!]);
    }
    run.dispose();
    tf.dispose([images, upstream]);
  },
  trains,
);

Deno.test("moveEach: without turns it only shifts", async () => {
  await tf.setBackend("cpu");
  const x = rank4(tensorOf(random(5).values([1, 8, 8, 1])));
  const motion = { degrees: 50, columns: 2, rows: 1.5 };
  const [moved, expected] = [
    moveEach(x, numbersOf([motion]), false),
    movedAlone(x, { ...motion, degrees: 0 }),
  ];
  assertClose(moved.dataSync(), expected.dataSync(), 1e-5);
  assertThrows(() => moveEach(x, numbersOf([motion, motion]), true), TypeError, "float32 [1, 8]");
  assertThrows(() => moveEach(tf.zeros([1, 8, 6, 1]), numbersOf([motion]), true), TypeError);
});

Deno.test("inscribedDisc: the pixels whose centres lie in the circle", () => {
  assertEquals([...inscribedDisc(4)], [0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]);
});
