/** Places names beside points so that they hide neither each other nor points. */

/** A rectangle in pixels, from its upper left corner. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A point and the size of its name, in pixels. */
export interface Named {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The distance between a point and its name. */
const gap = 7;

/**
 * A box for each name: right of its point if it is free, otherwise at one of seven other places
 * around it, within the bounds. Where none is free, the place that hides least. Earlier points
 * choose first.
 *
 * @param obstacles what names should not cover, either
 */
export function placeLabels(
  points: readonly Named[],
  bounds: Box,
  obstacles: readonly Box[] = [],
): Box[] {
  const markers = points.map(({ x, y }) => ({ left: x - 5, top: y - 5, width: 10, height: 10 }));
  const placed: Box[] = [];
  for (const [i, point] of points.entries()) {
    const covered = (box: Box, others: readonly Box[]) =>
      others.reduce((sum, other) => sum + overlap(box, other), 0);
    const others = [...placed, ...markers.filter((_, j) => j !== i)];
    // Outside the bounds a name is cut off. Lines may be crossed before points and names are.
    const cost = (box: Box) =>
      covered(box, obstacles) +
      4 * (covered(box, others) + box.width * box.height - overlap(box, bounds));
    const [best] = placesOf(point).map((box) => ({ box, cost: cost(box) }))
      // Equal costs keep their order.
      .sort((a, b) => a.cost - b.cost);
    if (best) placed.push(best.box);
  }
  return placed;
}

/** The places around a point, the best ones first. */
function placesOf({ x, y, width, height }: Named): Box[] {
  const right = x + gap;
  const left = x - gap - width;
  const middle = x - width / 2;
  const centre = y - height / 2;
  const above = y - gap - height;
  const below = y + gap;
  const corners: [left: number, top: number][] = [
    [right, centre],
    [left, centre],
    [middle, above],
    [middle, below],
    [right, above],
    [right, below],
    [left, above],
    [left, below],
  ];
  return corners.map(([left, top]) => ({ left, top, width, height }));
}

/** The area that two boxes share. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}
