/** Reads specs from files: `extends`, overrides, and every error that a path can cause. */
import { basename, dirname, fromFileUrl, isAbsolute, join, relative } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { nearest } from "../messages/nearest.ts";
import { mergeSpecs } from "./merge.ts";
import { parseFields } from "./parse.ts";
import { resolveSpec, withOverrides } from "./resolve.ts";
import type { ResolvedSpec, Spec } from "./resolved.ts";
import { contradictions } from "./rules.ts";
import { printable, quoted } from "../messages/printable.ts";
import { complain, remember, sourcesOf } from "./source.ts";
import { sweepMembers } from "./sweep.ts";
import { writtenAlone } from "./written.ts";
import { maxTextBytes } from "./yaml.ts";

const maxExtends = 10;

/** The content of a spec's file. */
export interface SpecFile {
  /** The spec as written, merged over the specs that it extends. */
  spec: Spec;
  /** The file's own text. */
  text: string;
  /** The file's path, as given. */
  path: string;
}

/** The spec next to a missing path with the closest name, for a hint. */
async function nearestFile(path: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(dirname(path))) {
      if (/\.ya?ml$/.test(name)) names.push(name);
    }
  } catch {
    return ""; // The folder is missing or unreadable, too: no hint.
  }
  const near = nearest(basename(path), names);
  return near ? `; did you mean ${printable(join(dirname(path), near))}?` : "";
}

async function readSpecText(path: string): Promise<string> {
  const shown = printable(path, 300);
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new UserError(`${shown}: is a folder; name a spec in it`);
    if (!isFile) throw new UserError(`${shown}: is not a regular file; a spec is a YAML file`);
    if (size > maxTextBytes) {
      throw new UserError(
        `${shown}: ${size} bytes; a spec has at most ${maxTextBytes / 1024} KiB`,
      );
    }
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      await Deno.readFile(path),
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      const hint = await nearestFile(path);
      throw new UserError(
        `${shown}: no such file${
          hint || (isAbsolute(path) ? "" : `; paths are relative to ${printable(Deno.cwd(), 300)}`)
        }`,
      );
    }
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw new UserError(`${shown}: permission denied; check its permissions`);
    }
    if (error instanceof TypeError) {
      throw new UserError(`${shown}: is not text in UTF-8; a spec is a YAML file`);
    }
    throw new UserError(
      `${shown}: cannot be read (${
        error instanceof Error ? printable(error.message, 200) : error
      })`,
    );
  }
}

/** Whether a real path is inside a real folder. */
function inside(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner !== "" && !isAbsolute(inner) && inner.split(/[\\/]/)[0] !== "..";
}

/** Names that mark the root of a tree of specs: a repository, or an empty file of this name. */
const rootMarkers = [".git", ".hg", ".specs"];

/**
 * The folder that `extends` may not leave: the outermost marked folder around the spec, or the
 * working folder. If there is none, it is the spec's own folder.
 */
async function projectRoot(path: string): Promise<string> {
  const [working, file] = await Promise.all([Deno.realPath("."), Deno.realPath(path)]);
  let outermost = dirname(file);
  for (let folder = outermost;; folder = dirname(folder)) {
    if (folder === working || await isMarkedRoot(folder)) outermost = folder;
    if (folder === dirname(folder)) return outermost;
  }
}

async function isMarkedRoot(folder: string): Promise<boolean> {
  for (const mark of rootMarkers) {
    const found = await Deno.lstat(join(folder, mark)).catch(() => null);
    if (found !== null) return true;
  }
  return false;
}

/**
 * The spec merged over all specs that it extends. `chain` holds the real paths of the files on the
 * way.
 */
async function withExtended(
  spec: Spec,
  path: string,
  project: string,
  chain: readonly string[],
): Promise<Spec> {
  if (spec.extends === undefined) return spec;
  const refuse = (message: string) => complain([{ path: ["extends"], message }], sourcesOf(spec));
  if (isAbsolute(spec.extends) || /^(\w+:|~[/\\])/.test(spec.extends)) {
    throw refuse(`must be a path relative to this file, not ${quoted(spec.extends)}`);
  }
  if (chain.length >= maxExtends) {
    throw refuse(`more than ${maxExtends} specs extend one another`);
  }
  const target = join(dirname(path), spec.extends);
  // A target whose real path is unknown cannot be read either; readSpecText then says why.
  const real = await Deno.realPath(target).catch(() => undefined);
  if (real !== undefined && !inside(real, project)) {
    throw refuse(
      `${quoted(spec.extends)} is outside the project ${
        printable(project, 300)
      }; move it inside, or create an empty file \`.specs\` in a folder above both`,
    );
  }
  if (real !== undefined && chain.includes(real)) {
    throw refuse(`${quoted(spec.extends)} extends this spec in turn: a cycle`);
  }
  const text = await readSpecText(target).catch((error) => {
    throw error instanceof UserError ? refuse(error.message) : error;
  });
  const base = await withExtended(parseFields(text, { path: target }), target, project, [
    ...chain,
    real ?? target,
  ]);
  const { extends: _, ...over } = spec;
  return remember(mergeSpecs(base, over), [...sourcesOf(base), ...sourcesOf(spec)]);
}

/**
 * The spec in a file (a path or a file URL), merged over the specs that it extends; not resolved
 * yet.
 */
export async function readSpec(path: string | URL): Promise<SpecFile> {
  const file = path instanceof URL ? fromFileUrl(path) : path;
  const text = await readSpecText(file);
  // An override may add missing fields, so the whole spec is checked when it is resolved.
  const own = parseFields(text, { path: file }, contradictions);
  const spec = own.extends === undefined
    ? own
    : await withExtended(own, file, await projectRoot(file), [await Deno.realPath(file)]);
  return { spec, text, path: file };
}

/** A spec that can be run: resolved, and as a standalone text. */
export interface LoadedSpec {
  /** Every choice of the method with its default filled in. */
  resolved: ResolvedSpec;
  /** The file's text, with overrides and the extended specs written into it. */
  written: string;
}

/**
 * The resolved spec of a file.
 *
 * @param overrides such as `training.epochs=3`, validated like the file
 * @throws UserError if the file cannot be read, if the file or an override is wrong, or if it is a
 * sweep
 */
export async function loadSpec(
  path: string | URL,
  overrides: readonly string[] = [],
): Promise<SpecFile & LoadedSpec> {
  const file = await readSpec(path);
  const resolved = resolveSpec(file.spec, overrides);
  const written = writtenAlone(file, withOverrides(file.spec, overrides), overrides);
  return { ...file, resolved, written };
}

/**
 * The members of a file's sweep, resolved. Overrides such as `kaiserBeta=0,1,2` add axes. Throws
 * like {@link loadSpec}.
 */
export async function loadSweep(
  path: string | URL,
  overrides: readonly string[] = [],
): Promise<SpecFile & { members: LoadedSpec[] }> {
  const file = await readSpec(path);
  const members = sweepMembers(file.spec, overrides).map(({ spec, resolved }) => ({
    resolved,
    written: writtenAlone(file, spec, overrides),
  }));
  return { ...file, members };
}
