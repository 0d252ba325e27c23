import { assertClose } from "../../src/golden/golden.ts";
import { random } from "../shared/testing.ts";
import { rotationCoordinates } from "./coordinates.ts";
import { resampleReference } from "./reference.ts";
import { movedImage } from "./resample.ts";

Deno.test("movedImage: what the reference gives, for random sizes and motions", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const draw = random(seed);
  for (let round = 0; round < 30; round++) {
    const [size, channels] = [draw.integer(1, 20), draw.integer(1, 3)];
    const motion = {
      columns: round % 3 === 0 ? draw.integer(-30, 30) : 60 * draw.uniform() - 30,
      rows: 60 * draw.uniform() - 30,
      degrees: round % 4 === 0 ? 0 : 800 * draw.uniform() - 400,
    };
    const { data } = draw.values([size * size * channels]);
    const from = rotationCoordinates([size, size], motion.degrees);
    const places = from.map((place, i) => place - (i % 2 === 0 ? motion.rows : motion.columns));
    const expected = resampleReference(data, [1, size, size, channels], places);
    const what = `seed ${seed}, ${size} pixels, ${JSON.stringify(motion)}`;
    assertClose(movedImage(data, size, channels, motion), expected, 1e-11, what);
  }
});
