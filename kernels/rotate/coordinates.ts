/** Where the pixels of a rotated image come from: numbers only. */

/**
 * For each pixel of the rotated image, in row-major order: its row and column in the original
 * image, in pixels.
 */
export function rotationCoordinates(
  [height, width]: [number, number],
  degrees: number,
): Float64Array {
  if (!Number.isFinite(degrees)) {
    throw new RangeError(`rotate: the angle must be finite, got ${degrees}`);
  }
  const [cosine, sine] = cosineAndSine(degrees);
  const centreRow = (height - 1) / 2;
  const centreColumn = (width - 1) / 2;
  const coordinates = new Float64Array(2 * height * width);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const down = row - centreRow;
      const right = column - centreColumn;
      coordinates[i++] = cosine * down + sine * right + centreRow;
      coordinates[i++] = cosine * right - sine * down + centreColumn;
    }
  }
  return coordinates;
}

/** Cosine and sine, exact for quarter turns. */
function cosineAndSine(degrees: number): [number, number] {
  const turn = ((degrees % 360) + 360) % 360;
  if (turn % 90 === 0) {
    return ([[1, 0], [0, 1], [-1, 0], [0, -1]] as const)[turn / 90]!.slice() as [number, number];
  }
  const radians = turn * Math.PI / 180;
  return [Math.cos(radians), Math.sin(radians)];
}
