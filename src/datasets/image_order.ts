/** The order of the images: by split, then by name or by class in turn. */
import type { Part } from "./class_folders.ts";
import type { DataFile } from "./files.ts";
import { firstNames } from "./notes.ts";
import { orderNote, type Split, splitOf, splitOfPath, splitRank } from "./splits.ts";

const parentOf = (name: string) => name.slice(0, Math.max(0, name.lastIndexOf("/")));
const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/** What the order depends on. */
export interface OrderRequest {
  parts: readonly Part[];
  /** Whether test images come first, as published. */
  testFirst: boolean;
  /** The maximum number of images, or null for all. */
  limit: number | null;
  /** The class of each image by its name, or null without classes. */
  classOf: ReadonlyMap<string, string> | null;
}

/**
 * The split of each image of a part, from its folders, or from its name if every name gives one.
 */
function splitsIn({ images, split, classOf }: Part): Map<string, Split | null> {
  const named = images.map(({ name }) => splitOf(lastOf(name)));
  const allNamed = named.every((each) => each);
  return new Map(images.map(({ name }, i) => {
    const own = classOf?.get(name);
    const folders = parentOf(name).split("/").filter((each) => each !== own).join("/");
    return [name, (allNamed ? named[i] : null) ?? splitOfPath(folders) ?? split];
  }));
}

/** The files taken from each class in turn: the first of each, the second of each, ... */
function inTurns(files: readonly DataFile[], classOf: ReadonlyMap<string, string>): DataFile[] {
  const rows = [...Map.groupBy(files, ({ name }) => classOf.get(name) ?? "").values()];
  const maxLength = rows.reduce((length, row) => Math.max(length, row.length), 0);
  return Array.from({ length: maxLength }, (_, i) => rows.flatMap((row) => row[i] ?? [])).flat();
}

/** Classes that have no image among the first `limit` files. */
function classesCutOff(
  files: readonly DataFile[],
  { limit, classOf }: OrderRequest,
): string[] {
  if (limit === null || !classOf) return [];
  const classesOf = (some: readonly DataFile[]) =>
    new Set(some.flatMap(({ name }) => classOf.get(name) ?? []));
  const kept = classesOf(files.slice(0, limit));
  return [...classesOf(files)].filter((name) => !kept.has(name)).sort();
}

/**
 * The images in reading order. Sorted by name, the images of a folder come class after class. If
 * the limit would leave out classes, images are taken from each class in turn, within each split.
 *
 * @returns the images, and notes about their order
 */
export function inOrder(
  images: readonly DataFile[],
  request: OrderRequest,
): { taken: DataFile[]; notes: string[] } {
  const { parts, testFirst, classOf, limit } = request;
  const splits = new Map(parts.flatMap((part) => [...splitsIn(part)]));
  const ranked = images.flatMap((file) => {
    const split = splits.get(file.name);
    return split === undefined ? [] : [{ file, split, rank: splitRank(split, testFirst) }];
  }).sort((a, b) => a.rank - b.rank);
  const order = orderNote(ranked.map(({ split }) => ({ split, count: 1 })), testFirst);
  const notes = order === null ? [] : [order];
  const taken = ranked.map(({ file }) => file);

  const cutOff = classesCutOff(taken, request);
  if (cutOff.length === 0 || !classOf) return { taken, notes };
  notes.push(
    `order: one image of each class in turn; sorted by name, the first ` +
      `${limit?.toLocaleString("en-US")} images would leave out ${firstNames(cutOff)}`,
  );
  const groups = [...Map.groupBy(ranked, ({ rank }) => rank).values()];
  return {
    taken: groups.flatMap((group) => inTurns(group.map(({ file }) => file), classOf)),
    notes,
  };
}
