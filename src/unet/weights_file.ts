/**
 * Finds which of a file's tensors are a network's weights. They may be under a key and have a
 * prefix. If a file can be read in two ways, it is refused and the error names both.
 */
import { UserError } from "../messages/errors.ts";
import { contentHeadBytes, foreignContent } from "../formats/content.ts";
import { explainInputError } from "../formats/input.ts";
import type { TensorGroup } from "../formats/tensor_groups.ts";
import { readCheckpoint } from "../formats/pytorch.ts";
import { readTensors, type TensorData } from "../formats/safetensors.ts";
import { isZip } from "../formats/zip.ts";
import { printable, quoted } from "../messages/printable.ts";
import type { NetworkPlan } from "./plan.ts";
import { foreignWeights, weightFaults } from "./weight_faults.ts";
import { entryOf } from "../collections/elements.ts";

/** Selects which weights of a file to use. */
export interface WeightsChoice {
  /** The keys that lead to the weights, joined by dots: `ema`, `model.state_dict`. */
  key?: string;
  /** The prefix of each name: `module.`, `ema_model.`. */
  prefix?: string;
}

/** One way to read a file: the tensors of one group whose names share a prefix. */
interface Reading {
  group: TensorGroup;
  prefix: string;
  /** The tensors' shapes, by their names without the prefix. */
  shapes: ReadonlyMap<string, readonly number[]>;
  /** How many of the network's names are among them. */
  known: number;
}

/** The first bytes of a file. */
async function headOf(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(contentHeadBytes);
    return head.subarray(0, await file.read(head) ?? 0);
  } catch (error) {
    throw explainInputError(error, path);
  }
}

/** Reads the sets of named tensors in a file. Detects the format from the content. */
async function readGroups(path: string): Promise<TensorGroup[]> {
  const head = await headOf(path);
  // A pickle starts with its protocol; a safetensors file starts with the length of its JSON
  // header.
  if (isZip(head) || (head[0] === 0x80 && head[8] !== 0x7b)) return await readCheckpoint(path);
  if (head[8] === 0x7b || /\.safetensors$/i.test(path)) {
    const tensors = await readTensors(path);
    const shapes = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
    const read = (names: Iterable<string>) =>
      new Map([...names].map((n) => [n, entryOf(tensors, n)]));
    return [{ key: "", shapes, others: [], read }];
  }
  const foreign = foreignContent(head);
  const what = head.length === 0 ? "an empty file" : foreign?.what ?? "of an unknown kind";
  throw new UserError(
    `${path}: this is ${what}; weights must be a safetensors file or one that torch.save wrote`,
  );
}

/** Longer names are skipped: no parameter has one, and they are slow to search. */
const maxNameLength = 1000;

/** Counts how many of a network's names occur with each prefix. */
function countPrefixes(group: TensorGroup, names: ReadonlySet<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of group.shapes.keys()) {
    if (name.length > maxNameLength) continue;
    for (let at = 0; at >= 0; at = name.indexOf(".", at) + 1 || -1) {
      if (!names.has(name.slice(at))) continue;
      const prefix = name.slice(0, at);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  return counts;
}

/**
 * The tensors with a prefix, by their names without it. Tensors with a longer prefix are excluded.
 */
function shapesBehind(
  group: TensorGroup,
  prefix: string,
  others: readonly string[],
): Map<string, readonly number[]> {
  const longer = others.filter((other) => other !== prefix && other.startsWith(prefix));
  const isOurs = (name: string) =>
    name.startsWith(prefix) && !longer.some((other) => name.startsWith(other));
  return new Map(
    [...group.shapes].filter(([name]) => isOurs(name))
      .map(([name, shape]) => [name.slice(prefix.length), shape]),
  );
}

/**
 * The ways to read a file: each prefix with which all of a network's names occur. For a group
 * without such a prefix, the likeliest one, for messages. Readings with the most names come first.
 */
function readingsOf(plan: NetworkPlan, groups: readonly TensorGroup[]): Reading[] {
  const names = new Set(plan.parameters.map(({ name }) => name));
  const readings = groups.flatMap((group) => {
    const ranked = [...countPrefixes(group, names)].sort(([, a], [, b]) => b - a);
    const whole = ranked.filter(([, known]) => known === names.size).map(([prefix]) => prefix);
    const kept = whole.length > 0 ? ranked.slice(0, whole.length) : ranked.slice(0, 1);
    return kept.map(([prefix, known]): Reading => ({
      group,
      prefix,
      shapes: shapesBehind(group, prefix, whole),
      known,
    }));
  });
  return readings.sort((a, b) => b.known - a.known);
}

/** Whether all of a network's weights are present with the right shapes. */
function fits(plan: NetworkPlan, { shapes }: Reading): boolean {
  return plan.parameters.every(({ name, shape }) => `${shapes.get(name)}` === `${shape}`);
}

/** A reading written as the choice that selects it: `{ key: "ema", prefix: "module." }`. */
function asChoice({ group: { key }, prefix }: Reading): string {
  return `{ key: ${quoted(key)}, prefix: ${quoted(prefix)} }`;
}

function isMeant(reading: Reading, { key, prefix }: WeightsChoice): boolean {
  return (key === undefined || reading.group.key === key) &&
    (prefix === undefined || reading.prefix === prefix);
}

/** Describes what a file holds, for a user whose network's weights are not in it. */
function contentsOf(groups: readonly TensorGroup[]): string {
  const found = groups.slice(0, 3).map(({ key, shapes }) => {
    const [first] = shapes.keys();
    const name = printable(first ?? "", 100);
    return `${key ? `under ${printable(key)} ` : ""}${shapes.size} tensors, first ${name}`;
  });
  return found.join("; ") + (groups.length > 3 ? "; and more" : "");
}

/** Picks the only reading of a file that fits. */
function chooseReading(
  plan: NetworkPlan,
  groups: readonly TensorGroup[],
  choice: WeightsChoice,
  path: string,
): Reading {
  const readings = readingsOf(plan, groups).filter((reading) => isMeant(reading, choice));
  const fitting = readings.filter((reading) => fits(plan, reading));
  if (fitting.length > 1) {
    const ways = fitting.slice(0, 5).map(asChoice);
    throw new UserError(
      `${path}: ${fitting.length} sets of weights in it fit this network: ${ways.join(" or ")}. ` +
        `Choose one: loadWeights(unet, path, ${ways.at(-1)})`,
    );
  }
  const [reading] = fitting.length > 0 ? fitting : readings;
  if (!reading) {
    throw new UserError(
      `${path}: it holds none of this network's weights${
        choice.key === undefined && choice.prefix === undefined ? "" : " under that key or prefix"
      } (${contentsOf(groups)})`,
    );
  }
  return reading;
}

/**
 * Reads a network's weights from a file, by the network's own names.
 *
 * @throws UserError if the file is missing or broken, holds no weights of this network, or holds
 *   several sets of them
 */
export async function readWeights(
  plan: NetworkPlan,
  path: string,
  choice: WeightsChoice,
): Promise<Map<string, TensorData>> {
  const reading = chooseReading(plan, await readGroups(path), choice, path);
  const faults = weightFaults(plan, reading.shapes);
  const { group, prefix } = reading;
  if (faults.length > 0) {
    throw foreignWeights(group.key || prefix ? `${path}, ${asChoice(reading)}` : path, faults);
  }
  const named = group.read([...reading.shapes.keys()].map((name) => prefix + name));
  return new Map([...named].map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
