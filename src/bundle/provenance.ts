/**
 * provenance.json records what made a bundle's files. It is an in-toto statement
 * (https://in-toto.io/Statement/v1) with SLSA provenance as its predicate
 * (https://slsa.dev/provenance/v1). It differs between runs, so it is outside the payload.
 */
import { fromFileUrl, join } from "@std/path";
import type { ResolvedSpec } from "../spec/resolved.ts";
import { type Digests, jsonText } from "./layout.ts";
import type { Dependency, Platform, Provenance } from "./schemas.ts";

/** The state of this project during the run. */
export interface ProjectState {
  version: string;
  /** The commit, or null if unknown. */
  commit: string | null;
  /** Why the commit is unknown. */
  commitUnknown?: string;
  /** Whether the files are exactly those of the commit; null if unknown. */
  clean: boolean | null;
}

/** A software package. */
export interface Package {
  /** A package URL: pkg:npm/fflate@0.8.3. */
  uri: string;
  /** Algorithm and hexadecimal digest. */
  digest?: Record<string, string>;
}

/** The content of provenance.json. */
export interface ProvenanceInput {
  /** Name and SHA-256 of each payload file. */
  subjects: { name: string; sha256: string }[];
  spec: ResolvedSpec;
  /** The paper's name for the spec. */
  name: string;
  digests: Digests;
  /** The training data; `archives` are the files that were read, if known. */
  data: {
    name: string;
    source: string;
    digest: string;
    archives?: { name: string; sha256: string }[];
  };
  engine: Pick<Platform, "device" | "threads" | "processor"> & {
    name: Platform["engine"];
    description: string;
  };
  /** Native libraries and drivers: TensorFlow, CUDA, the GPU's driver. */
  libraries: { name: string; version: string; sha256?: string }[];
  project: ProjectState;
  packages: Package[];
  /** ISO 8601. */
  started: string;
  finished: string;
  /** Other notes: interruptions, a change of engine during training. */
  notes?: string[];
}

/** The text of provenance.json. */
export function provenance(input: ProvenanceInput): string {
  const {
    subjects,
    spec,
    name,
    digests,
    data,
    engine,
    libraries,
    project,
    packages,
    started,
    finished,
  } = input;
  const dependencies: Dependency[] = [
    {
      name: "this project",
      uri: `pkg:generic/alias-free-diffusion@${project.version}`,
      ...(project.commit === null ? {} : { digest: { gitCommit: project.commit } }),
      annotations: {
        cleanWorkingTree: project.clean,
        ...(project.commitUnknown === undefined ? {} : { commitUnknown: project.commitUnknown }),
      },
    },
    {
      name: data.name,
      digest: { sha256: data.digest },
      annotations: { kind: "dataset" as const, source: data.source },
    },
    ...(data.archives ?? []).map(({ name, sha256 }) => ({
      name,
      digest: { sha256 },
      annotations: { kind: "archive" as const },
    })),
    ...libraries.map(({ name, version, sha256 }) => ({
      name,
      uri: `pkg:generic/${encodeURIComponent(name.toLowerCase())}@${encodeURIComponent(version)}`,
      ...(sha256 === undefined ? {} : { digest: { sha256 } }),
    })),
    ...packages,
  ];
  const statement: Provenance = {
    _type: "https://in-toto.io/Statement/v1",
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:alias-free-diffusion:run:v1",
        externalParameters: { name, spec },
        internalParameters: { engine, digests },
        resolvedDependencies: dependencies,
      },
      runDetails: {
        builder: {
          id: "urn:alias-free-diffusion",
          version: {
            "alias-free-diffusion": project.version,
            deno: Deno.version.deno,
            v8: Deno.version.v8,
            typescript: Deno.version.typescript,
            platform: `${Deno.build.os} ${Deno.build.arch}`,
          },
        },
        metadata: { invocationId: digests.run, startedOn: started, finishedOn: finished },
        ...(input.notes?.length
          ? { byproducts: input.notes.map((note) => ({ annotations: { note } })) }
          : {}),
      },
    },
  };
  return jsonText(statement);
}

/** The npm packages in a deno.lock, with their digests. */
export function lockedPackages(lock: string): Package[] {
  const { npm = {} } = JSON.parse(lock) as { npm?: Record<string, { integrity?: string }> };
  const packages = Object.entries(npm).map(([key, { integrity }]): Package => {
    // NAME@VERSION; the versions of peer dependencies follow after "_".
    const [, name, version] = key.match(/^(@?[^@]+)@([^_]+)/) ?? [];
    if (name === undefined || version === undefined) {
      throw new Error(`deno.lock: ${key} is not a package`);
    }
    const [, algorithm, base64] = integrity?.match(/^(sha\d+)-(.*)$/) ?? [];
    return {
      uri: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      ...(algorithm && base64
        ? { digest: { [algorithm]: Uint8Array.fromBase64(base64).toHex() } }
        : {}),
    };
  });
  // Entries that differ only in their peer dependencies are the same package.
  return [...new Map(packages.map((one) => [one.uri, one])).values()].sort((a, b) =>
    a.uri < b.uri ? -1 : 1
  );
}

const root = new URL("../../", import.meta.url);

/** The packages in this project's lock file; none if it cannot be read. */
export function projectPackages(): Package[] {
  try {
    return lockedPackages(Deno.readTextFileSync(new URL("deno.lock", root)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

/** This project's version. */
export function projectVersion(): string {
  const { version } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  return version;
}

/**
 * This project's version and commit, and whether its files are those of the commit.
 *
 * @param folder the project's folder; tests set it
 */
export function projectState(folder = fromFileUrl(root)): ProjectState {
  const version = projectVersion();
  const unknown = (why: string) => ({ version, commit: null, clean: null, commitUnknown: why });
  const top = askGit(folder, "rev-parse", "--show-toplevel");
  if (top.text === null) return unknown(top.why);
  // A repository that merely contains the project's folder says nothing about the project.
  if (join(top.text, ".") !== join(Deno.realPathSync(folder), ".")) {
    return unknown("the project's folder is not the root of a git repository");
  }
  const commit = askGit(folder, "rev-parse", "--verify", "HEAD");
  if (commit.text === null) return unknown(commit.why);
  const changes = askGit(folder, "status", "--porcelain");
  return { version, commit: commit.text, clean: changes.text === null ? null : !changes.text };
}

/** The output of git, or why there is none. */
type GitAnswer = { text: string } | { text: null; why: string };

function askGit(cwd: string, ...args: string[]): GitAnswer {
  let output: Deno.CommandOutput;
  try {
    // In English, so that whyNot can recognise the message.
    output = new Deno.Command("git", { args, cwd, env: { LC_ALL: "C" } }).outputSync();
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "git is not installed"
      : "there was no permission to run git";
    return { text: null, why };
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (output.success) return { text: text(output.stdout) };
  return { text: null, why: whyNot(text(output.stderr)) };
}

/** Explains git's error without paths of this machine, because bundles are shared. */
function whyNot(message: string): string {
  if (/dubious ownership/.test(message)) {
    return "the checkout belongs to another user, so git does not read it (if you trust it: git " +
      "config --global --add safe.directory FOLDER)";
  }
  if (/not a git repository/.test(message)) return "the project is not a git checkout";
  if (/Needed a single revision|unknown revision/.test(message)) return "there is no commit yet";
  return "git failed";
}
