// One program that updates many tensors in place, as an optimizer needs it. A slot is a parameter
// with a few tensors of its shape. Each dispatch handles as many slots as there are buffers to
// bind. Row y of the workgroups belongs to slot y; workgroups beyond a slot's end do nothing.
import * as tf from "@tensorflow/tfjs";
import type { WgslBackend } from "./wgsl.ts";

/** What to do with each element of each slot. */
export interface SlotProgram<Read extends string, Update extends string> {
  /** The kernel's name, for errors. */
  readonly name: string;
  readonly constants?: Readonly<Record<string, number>>;
  /** float32 tensors that all slots read, by their names in the code. */
  readonly shared: Readonly<Record<string, tf.TensorInfo>>;
  /** WGSL functions that `element` uses. */
  readonly code?: string;
  /** The tensors of a slot that are read. */
  readonly reads: readonly Read[];
  /** The tensors of a slot that are changed in place. */
  readonly updates: readonly Update[];
  /**
   * WGSL that updates element `i` of a slot; `$name` stands for the slot's buffer with that name.
   */
  readonly element: string;
}

/** Maximum slots per dispatch; more gain nothing. */
const maxSlots = 32;

/** Elements per thread. */
const perThread = 4;

const threads = 256;

/**
 * The program for a number of slots. WGSL has no arrays of buffers, so each slot gets its own case.
 */
function programFor(
  { shared, code = "", reads, updates, element }: SlotProgram<string, string>,
  slots: number,
): string {
  const numbers = Array.from({ length: slots }, (_, i) => i);
  const names = [
    ...Object.keys(shared),
    ...numbers.flatMap((slot) => reads.map((name) => `${name}${slot}`)),
    ...numbers.flatMap((slot) => updates.map((name) => `${name}${slot}`)),
  ];
  const declarations = names.map((name, i) => {
    const access = i < names.length - slots * updates.length ? "read" : "read_write";
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<f32>;`;
  });
  const cases = numbers.map((slot) => `
    case ${slot} {
      for (var i = first; i < arrayLength(&${updates[0]}${slot}) && i < end; i += ${threads}) {
        ${element.replaceAll(/\$(\w+)/g, `$1${slot}`)}
      }
    }`);
  return `${declarations.join("\n")}
${code}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * ${threads * perThread} + thread;
  let end = (group.x + 1) * ${threads * perThread};
  switch (group.y) {${cases.join("")}
    default {}
  }
}`;
}

/**
 * Runs the program over all slots.
 *
 * @param slots the tensors of each slot by name, all of one size; those to be changed must come
 *   from `backend.copy`
 */
export function updateSlots<Read extends string, Update extends string>(
  backend: WgslBackend,
  program: SlotProgram<Read, Update>,
  slots: readonly Readonly<Record<Read | Update, tf.TensorInfo>>[],
): void {
  const { name, constants = {}, shared, reads, updates } = program;
  const always = Object.values(shared);
  const sizeOf = (slot: Readonly<Record<Update, tf.TensorInfo>>) =>
    tf.util.sizeFromShape(slot[updates[0]!].shape);
  // Tensors of about the same size share a dispatch, so that few workgroups are idle.
  const bySize = slots.toSorted((a, b) => sizeOf(b) - sizeOf(a));
  // Leave one buffer free: Metal allows 31 of all kinds, and wgpu uses one for the sizes of the
  // others.
  const room = backend.device.limits.maxStorageBuffersPerShaderStage - 1 - always.length;
  const together = Math.max(
    1,
    Math.min(maxSlots, Math.floor(room / (reads.length + updates.length))),
  );
  for (let start = 0; start < slots.length; start += together) {
    const some = bySize.slice(start, start + together);
    const largest = sizeOf(some[0]!);
    backend.runWgsl({
      name,
      code: programFor(program, some.length),
      constants,
      reads: [...always, ...some.flatMap((slot) => reads.map((part) => slot[part]))],
      writes: [],
      updates: some.flatMap((slot) => updates.map((part) => slot[part])),
      workgroups: [Math.ceil(largest / (threads * perThread)), some.length, 1],
    });
  }
}
