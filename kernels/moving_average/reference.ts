/** One step of moving averages in plain loops. */
import { registerReference, type Values } from "../shared/reference.ts";
import { slotsOf, valueOf } from "../shared/named.ts";

/** The new average of one parameter. */
export function movingAverageReference(parameter: Values, average: Values, decay: number): Values {
  const data = average.data.map((kept, i) =>
    parameter.data[i]! + decay * (kept - parameter.data[i]!)
  );
  return { shape: parameter.shape, data };
}

registerReference("MovingAverage", (inputs, { count }) => {
  const [decay = NaN] = valueOf(inputs, "decay").data;
  return slotsOf(inputs, ["parameter", "average"], Number(count)).map(({ parameter, average }) =>
    movingAverageReference(parameter, average, decay)
  );
});
