/** What lies beyond the border of an image. */

/** zero: zeros. circular: the image again. reflect: its reflection without the border pixel. */
export type Padding = "zero" | "circular" | "reflect";

/** The pixel seen at an index beyond the ends of a line. A padding without a rule does not compile. */
export const paddings: Record<Padding, (index: number, length: number) => number | null> = {
  zero: () => null,
  circular: (index, length) => modulo(index, length),
  reflect(index, length) {
    const period = Math.max(1, 2 * (length - 1));
    const inside = modulo(index, period);
    return inside < length ? inside : period - inside;
  },
};

/** The remainder of a division, from 0 to below the divisor. */
function modulo(index: number, period: number): number {
  return (index % period + period) % period;
}

/**
 * The pixel of a line of `length` pixels that is seen at an index, which may lie beyond both ends;
 * null stands for a zero. A single pixel is its own reflection.
 */
export function pixelAt(index: number, length: number, padding: Padding): number | null {
  return index >= 0 && index < length ? index : paddings[padding](index, length);
}
