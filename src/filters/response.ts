/** The frequency response of a low-pass kernel. */

/**
 * The magnitude of a kernel's frequency response: the discrete Fourier transform of the kernel,
 * zero-padded to points * points, with frequency zero in the centre (row and column
 * floor(points / 2)). Row u is the vertical frequency 2 pi (u - floor(points / 2)) / points in
 * radians; columns are the horizontal ones. Equal to numpy's abs(fftshift(fft2(padded))).
 *
 * @param kernel size * size coefficients, row-major
 * @param size taps per side
 * @param points frequencies per side, an integer from 1
 * @returns points * points magnitudes, row-major
 * @throws RangeError if the kernel does not have size * size coefficients, or `points` is not an
 *   integer from 1
 */
export function frequencyResponse(
  kernel: ArrayLike<number>,
  size: number,
  points: number,
): Float64Array {
  if (!Number.isInteger(size) || size < 1 || kernel.length !== size * size) {
    throw new RangeError(
      `frequencyResponse: ${kernel.length} coefficients are not a kernel of ${size} taps a side`,
    );
  }
  if (!Number.isInteger(points) || points < 1) {
    throw new RangeError(`frequencyResponse: points must be an integer from 1, not ${points}`);
  }
  const half = Math.floor(points / 2);
  // exp(-i 2 pi n / points), indexed by n modulo points. The phase stays exact for any product of
  // position and frequency.
  const cosines = Float64Array.from(
    { length: points },
    (_, n) => Math.cos((2 * Math.PI * n) / points),
  );
  const sines = Float64Array.from(
    { length: points },
    (_, n) => Math.sin((2 * Math.PI * n) / points),
  );
  const phase = (place: number, frequency: number) =>
    (place * (frequency - half + points)) % points;

  const rowsReal = new Float64Array(size * points);
  const rowsImaginary = new Float64Array(size * points);
  for (let row = 0; row < size; row++) {
    for (let v = 0; v < points; v++) {
      for (let column = 0; column < size; column++) {
        const value = kernel[row * size + column]!;
        const at = phase(column, v);
        rowsReal[row * points + v]! += value * cosines[at]!;
        rowsImaginary[row * points + v]! -= value * sines[at]!;
      }
    }
  }
  return Float64Array.from({ length: points * points }, (_, i) => {
    const u = Math.floor(i / points);
    const v = i % points;
    let real = 0;
    let imaginary = 0;
    for (let row = 0; row < size; row++) {
      const a = rowsReal[row * points + v]!;
      const b = rowsImaginary[row * points + v]!;
      const at = phase(row, u);
      real += a * cosines[at]! + b * sines[at]!;
      imaginary += b * cosines[at]! - a * sines[at]!;
    }
    return Math.sqrt(real * real + imaginary * imaginary);
  });
}
