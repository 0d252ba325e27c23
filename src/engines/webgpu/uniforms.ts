// Packs the uniforms of tfjs-backend-webgpu's programs to match its generated WGSL struct. A field
// of n numbers is a scalar, vec2, vec3 or vec4 (WGSL specification, "Alignment and Size"). For 5
// and 6 numbers it is a struct of scalars, which tfjs aligns to 16 bytes together with the next
// field.

/** A field's numbers and their type. */
export interface UniformField {
  readonly type: string;
  readonly data: readonly number[];
}

function alignmentOf(length: number): number {
  if (length <= 1) return 4;
  return length === 2 ? 8 : 16;
}

/** The bytes of a uniform buffer with these fields. */
export function packUniforms(fields: readonly UniformField[]): ArrayBuffer {
  let end = 0;
  let structAlignment = 4;
  let afterLongField = false;
  const placed = fields.map(({ type, data }) => {
    // A scalar tensor's shape is written as one number.
    const numbers = data.length === 0 ? [1] : data;
    const alignment = afterLongField ? 16 : alignmentOf(numbers.length);
    afterLongField = numbers.length > 4;
    structAlignment = Math.max(structAlignment, alignment);
    const offset = alignUp(end, alignment);
    end = offset + 4 * numbers.length;
    return { type, numbers, offset };
  });
  const bytes = new ArrayBuffer(alignUp(end, structAlignment));
  for (const { type, numbers, offset } of placed) {
    if (type === "int32") new Int32Array(bytes, offset, numbers.length).set(numbers);
    else if (type === "uint32") new Uint32Array(bytes, offset, numbers.length).set(numbers);
    else new Float32Array(bytes, offset, numbers.length).set(numbers);
  }
  return bytes;
}

/** Rounds up to a multiple of `alignment`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
