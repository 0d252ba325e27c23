/** Colour scales for heat maps, interpolated between a few colours of well-known scales. */

/**
 * viridis (van der Walt and Smith): lightness rises evenly, so it works in grey and for
 * colour-blind people.
 */
const viridis = "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725";
/** ColorBrewer's RdBu: blue below zero, white at zero, red above. */
const blueRed = "2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b";

function scale(hex: string): (t: number) => [number, number, number] {
  const stops = hex.split(" ").map((text) =>
    [0, 2, 4].map((i) => parseInt(text.slice(i, i + 2), 16))
  );
  return (t) => {
    const place = Math.min(1, Math.max(0, t)) * (stops.length - 1);
    const at = Math.min(stops.length - 2, Math.floor(place));
    const between = (c: number) => {
      const from = stops[at]![c]!;
      const to = stops[at + 1]![c]!;
      return Math.round(from + (to - from) * (place - at));
    };
    return [between(0), between(1), between(2)];
  };
}

/** A colour for a value from 0 (dark) to 1 (light): red, green, blue, 0 to 255. */
export const sequentialColour: (t: number) => [number, number, number] = scale(viridis);
/**
 * A colour for a value from 0 (blue) through 0.5 (white) to 1 (red): red, green, blue, 0 to 255.
 */
export const divergingColour: (t: number) => [number, number, number] = scale(blueRed);

/** A colour in CSS syntax. */
export function css([r, g, b]: [number, number, number]): string {
  return `rgb(${r},${g},${b})`;
}
