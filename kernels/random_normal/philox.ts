/**
 * Philox4x32-10, the counter-based generator behind every random choice in this project. It maps a
 * 128-bit counter and a 64-bit key to a block of four 32-bit words, so any draw can be repeated on
 * its own.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), the
 * Random123 paper.
 */

/** The low and the high 32 bits of the product of two 32-bit numbers. */
function multiply(a: number, b: number): [low: number, high: number] {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const lowLow = aLow * bLow;
  const middle = aHigh * bLow + (lowLow >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return [
    Math.imul(a, b) >>> 0,
    (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0,
  ];
}

/**
 * One block of random bits.
 *
 * @param counter four 32-bit words, low word first
 * @param key two 32-bit words, low word first
 * @returns four words, each uniform in 0 ... 2^32 - 1
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>): Uint32Array {
  let c0 = counter[0]! >>> 0;
  let c1 = counter[1]! >>> 0;
  let c2 = counter[2]! >>> 0;
  let c3 = counter[3]! >>> 0;
  let k0 = key[0]! >>> 0;
  let k1 = key[1]! >>> 0;
  for (let round = 0; round < 10; round++) {
    const [low0, high0] = multiply(0xd2511f53, c0);
    const [low1, high1] = multiply(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return Uint32Array.of(c0, c1, c2, c3);
}

/** A counter plus `blocks` (below 2^32), as a 128-bit sum. */
export function advanced(counter: ArrayLike<number>, blocks: number): number[] {
  let carry = blocks;
  return [0, 1, 2, 3].map((i) => {
    const sum = (counter[i]! >>> 0) + carry;
    carry = sum >= 2 ** 32 ? 1 : 0;
    return sum >>> 0;
  });
}

/**
 * What a key is used for. The purpose is the key's high word, so draws for different purposes never
 * share bits. These numbers affect every result: never change or reuse one.
 */
export const purposes = {
  initializer: 1,
  shuffle: 2,
  timestep: 3,
  trainingNoise: 4,
  samplingStart: 5,
  samplingStep: 6,
  label: 7,
  flip: 8,
  datasetCrop: 9,
  evaluation: 10,
  augmentation: 11,
  equivariance: 12,
  dropout: 13,
} as const;

/** The key for a seed (0 ... 2^32 - 1) and a purpose. */
export function philoxKey(seed: number, purpose: keyof typeof purposes): [number, number] {
  return [seed >>> 0, purposes[purpose]];
}
