/** One step of moving averages in plain loops. */
import { registerReference, type Values } from "../shared/reference.ts";

/** The new average of one parameter. */
export function movingAverageReference(parameter: Values, average: Values, decay: number): Values {
  const data = average.data.map((kept, i) =>
    parameter.data[i]! + decay * (kept - parameter.data[i]!)
  );
  return { shape: parameter.shape, data };
}

registerReference("MovingAverage", (inputs, attrs) =>
  Array.from(
    { length: attrs["count"] as number },
    (_, i) =>
      movingAverageReference(
        inputs[`parameter${i}`]!,
        inputs[`average${i}`]!,
        inputs["decay"]!.data[0]!,
      ),
  ));
