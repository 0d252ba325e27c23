// Maps recorded commands to few buffers. Drops commands that nobody needs, lets a variable's new
// value be written directly into its buffer if the old value is no longer needed, and lets buffers
// whose lifetimes do not overlap share memory.
import {
  type BufferRef,
  type Command,
  isVirtual,
  readsOf,
  type VirtualBuffer,
  writesOf,
} from "./recording.ts";

/** A variable's buffer, and the value that it holds after the commands. */
export interface BufferAssignment {
  readonly home: GPUBuffer;
  readonly value: BufferRef;
}

/** Commands in order, and the place of each virtual buffer that they use. */
export interface MemoryPlan {
  readonly commands: readonly Command[];
  /** Either a variable's buffer or the index of a buffer to create. */
  readonly places: ReadonlyMap<VirtualBuffer, GPUBuffer | number>;
  /** Sizes in bytes of the buffers to create. */
  readonly sizes: readonly number[];
}

/**
 * Plans the commands. `inputs` are written before the first command. After the last one, `outputs`
 * must hold their values and the assigned variables' buffers their new values.
 */
export function planMemory(
  recorded: readonly Command[],
  inputs: readonly VirtualBuffer[],
  outputs: readonly BufferRef[],
  assignments: readonly BufferAssignment[],
): MemoryPlan {
  const { commands, assigned } = withTemporaries(recorded, assignments);
  const live = dropDeadCommands(commands, [...outputs, ...assigned.map(({ value }) => value)]);
  const places = new Map<VirtualBuffer, GPUBuffer | number>();
  const lastRead = lastReads(live);
  // Outputs are copied after the last command, and must hold the values from before the
  // assignments.
  for (const output of outputs) lastRead.set(output, live.length);
  const copiesHome: Command[] = [];
  for (const { home, value } of assigned) {
    if (writesInto(home, value, live, lastRead, places)) places.set(value, home);
    else copiesHome.push({ kind: "copy", source: value, target: home, bytes: value.bytes });
  }
  const all = [...live.filter((command) => !isElided(command, places)), ...copiesHome];
  const sizes = shareBuffers(all, inputs, outputs, places);
  return { commands: all, places, sizes };
}

/**
 * If a variable is assigned another variable's old value, that value needs a temporary copy: the
 * other variable may be overwritten first.
 */
function withTemporaries(recorded: readonly Command[], assignments: readonly BufferAssignment[]) {
  const commands = [...recorded];
  const assigned = assignments.map(({ home, value }) => {
    if (isVirtual(value) && value.constant === null) return { home, value };
    const bytes = isVirtual(value) ? value.bytes : value.size;
    const temporary: VirtualBuffer = { kind: "virtual", bytes, constant: null };
    commands.push({ kind: "copy", source: value, target: temporary, bytes });
    return { home, value: temporary };
  });
  return { commands, assigned };
}

function dropDeadCommands(commands: readonly Command[], wanted: readonly BufferRef[]): Command[] {
  const needed = new Set<BufferRef>(wanted);
  return commands.toReversed().filter((command) => {
    if (!writesOf(command).some((buffer) => needed.has(buffer))) return false;
    for (const buffer of readsOf(command)) needed.add(buffer);
    return true;
  }).toReversed();
}

function lastReads(commands: readonly Command[]): Map<BufferRef, number> {
  const last = new Map<BufferRef, number>();
  commands.forEach((command, i) => readsOf(command).forEach((buffer) => last.set(buffer, i)));
  return last;
}

/**
 * Whether the value may live in the variable's buffer from its first write on. The old value must
 * no longer be needed by then.
 */
function writesInto(
  home: GPUBuffer,
  value: VirtualBuffer,
  commands: readonly Command[],
  lastRead: ReadonlyMap<BufferRef, number>,
  places: ReadonlyMap<VirtualBuffer, GPUBuffer | number>,
): boolean {
  const first = commands.findIndex((command) => writesOf(command).includes(value));
  const writer = commands[first];
  if (writer === undefined || places.has(value)) return false;
  const lastOld = lastRead.get(home) ?? -1;
  return lastOld < first || (lastOld === first && writer.kind === "copy");
}

function isElided(
  command: Command,
  places: ReadonlyMap<VirtualBuffer, GPUBuffer | number>,
): boolean {
  return command.kind === "copy" && isVirtual(command.target) &&
    places.get(command.target) === command.source;
}

/**
 * Gives each virtual buffer without a place the smallest free buffer that holds it, or a new one.
 */
function shareBuffers(
  commands: readonly Command[],
  inputs: readonly VirtualBuffer[],
  outputs: readonly BufferRef[],
  places: Map<VirtualBuffer, GPUBuffer | number>,
): number[] {
  const sizes: number[] = [];
  const free: number[] = [];
  const lastUse = new Map<BufferRef, number>();
  commands.forEach((command, i) =>
    [...readsOf(command), ...writesOf(command)].forEach((b) => lastUse.set(b, i))
  );
  for (const output of outputs) lastUse.set(output, commands.length);
  const place = (buffer: BufferRef) => {
    if (!isVirtual(buffer) || buffer.constant !== null || places.has(buffer)) return;
    let best = -1;
    free.forEach((candidate, i) => {
      const size = sizes[candidate]!;
      if (
        size >= buffer.bytes && size <= 2 * buffer.bytes && (best < 0 || size < sizes[free[best]!]!)
      ) best = i;
    });
    places.set(buffer, best >= 0 ? free.splice(best, 1)[0]! : sizes.push(buffer.bytes) - 1);
  };
  for (const input of inputs) place(input);
  const release = (buffer: BufferRef) => {
    const at = isVirtual(buffer) ? places.get(buffer) : undefined;
    if (typeof at === "number") free.push(at);
  };
  commands.forEach((command, i) => {
    const used = new Set([...readsOf(command), ...writesOf(command)]);
    used.forEach(place);
    used.forEach((buffer) => lastUse.get(buffer) === i && release(buffer));
  });
  return sizes;
}
