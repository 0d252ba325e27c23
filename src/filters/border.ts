/** What lies beyond the border of an image. */

/** zero: zeros. circular: the image again. reflect: its reflection without the border pixel. */
export type Padding = "zero" | "circular" | "reflect";

/**
 * The pixel of a line of `length` pixels that is seen at an index, which may lie beyond both ends;
 * null stands for a zero. A single pixel is its own reflection.
 */
export function pixelAt(index: number, length: number, padding: Padding): number | null {
  if (index >= 0 && index < length) return index;
  if (padding === "zero") return null;
  const period = padding === "circular" ? length : Math.max(1, 2 * (length - 1));
  const inside = (index % period + period) % period;
  return inside < length ? inside : period - inside;
}
