/**
 * A linear map of both axes of an image, from its formula:
 *
 *     y[i, j] = sum over u, v of map[i, u] map[j, v] x[u, v]
 */
import { registerReference, type Values, zeros } from "../shared/reference.ts";
import { taking } from "../shared/named.ts";
import { sizes2, sizes4 } from "../shared/ranks.ts";

/** Maps x [batch, from, from, channels] and map [to, from] to [batch, to, to, channels]. */
export function mapAxesReference(x: Values, map: Values): Values {
  const [to, from] = sizes2(map.shape);
  return mapped(x, to, from, (i, u) => map.data[i * from + u]!);
}

/** The gradient for x: the transposed map. */
export function mapAxesGradReference(dy: Values, map: Values): Values {
  const [to, from] = sizes2(map.shape);
  return mapped(dy, from, to, (u, i) => map.data[i * from + u]!);
}

function mapped(
  x: Values,
  to: number,
  from: number,
  weight: (output: number, input: number) => number,
): Values {
  const [batch, , , channels] = sizes4(x.shape);
  const rows = alongAxis(x.data, [batch, from, from * channels], to, weight);
  return {
    shape: [batch, to, to, channels],
    data: alongAxis(rows, [batch * to, from, channels], to, weight),
  };
}

/** Maps the middle axis of an array. */
function alongAxis(
  data: Float64Array,
  [outer, from, inner]: [number, number, number],
  to: number,
  weight: (output: number, input: number) => number,
): Float64Array {
  const { data: y } = zeros([outer, to, inner]);
  for (let a = 0; a < outer; a++) {
    for (let i = 0; i < to; i++) {
      for (let u = 0; u < from; u++) {
        const factor = weight(i, u);
        const output = (a * to + i) * inner;
        const input = (a * from + u) * inner;
        for (let b = 0; b < inner; b++) y[output + b]! += factor * data[input + b]!;
      }
    }
  }
  return y;
}

registerReference("MapAxes", taking(["x", "map"], ({ x, map }) => mapAxesReference(x, map)));
registerReference(
  "MapAxesGrad",
  taking(["dy", "map"], ({ dy, map }) => mapAxesGradReference(dy, map)),
);
