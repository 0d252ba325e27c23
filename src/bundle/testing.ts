/**
 * A small but intact bundle for tests: spec, weights, samples and scores, all consistent.
 */
import { basename, join } from "@std/path";
import { encodeTensors, type TensorData } from "../formats/safetensors.ts";
import { sha256, sha256OfFile } from "../formats/sha256.ts";
import { drawnAngles } from "../spec/angles.ts";
import {
  parseSpec,
  type ResolvedSpec,
  resolveSpec,
  runDigest,
  specDigest,
  trainingDigest,
} from "../spec/mod.ts";
import { networkPlan } from "../unet/plan.ts";
import { bagInfo, createBundle, declaration } from "./bag.ts";
import { bundleReadme, type Digests, files, jsonText, resolvedSpecYaml } from "./layout.ts";
import { manifestText } from "./manifest.ts";
import type { Environment, Provenance } from "./schemas.ts";

/** The spec of {@link exampleBundle}. */
export function exampleSpec(): ResolvedSpec {
  return resolveSpec(parseSpec(
    "architecture: D\ndataset: mnist\nimageSize: 8\nbaseWidth: 4\n" +
      "sampling: { count: 4, rotation: [0, 45] }\n",
  ));
}

/** The payload files of {@link exampleBundle} by name. */
export function examplePayload(
  spec: ResolvedSpec = exampleSpec(),
): Map<string, Uint8Array | string> {
  const tensors = (shapes: [string, number[]][], dtype: "F32" | "U8") =>
    encodeTensors(
      new Map(shapes.map(([name, shape]): [string, TensorData] => {
        const count = shape.reduce((a, b) => a * b, 1);
        const data = dtype === "U8"
          ? Uint8Array.from({ length: count }, (_, i) => (i * 37) % 256)
          : Float32Array.from({ length: count }, (_, i) => (i % 7) / 7);
        return [name, { dtype, shape, data }];
      })),
    );
  const { sampling: { count }, imageSize, channels } = spec;
  const samples = tensors(
    drawnAngles(spec).map((angle) => [String(angle), [count, imageSize, imageSize, channels]]),
    "U8",
  );
  const own = { spec: specDigest(spec), data: sha256("data"), method: 1 };
  const digests: Digests = {
    ...own,
    run: runDigest(own.spec, own.data, own.method),
    training: runDigest(trainingDigest(spec), own.data, own.method),
  };
  return new Map<string, Uint8Array | string>([
    [files.spec, resolvedSpecYaml(spec)],
    [
      files.digests,
      jsonText(digests),
    ],
    [
      files.model,
      tensors(networkPlan(spec).parameters.map(({ name, shape }) => [name, shape]), "F32"),
    ],
    [files.losses, "step,loss\n1,1\n2,0.5\n"],
    [files.samples, samples],
    [
      files.metrics,
      jsonText({
        samples: sha256(samples),
        scores: [
          { metric: "fid", value: 12.345, standardError: 0.25, better: "lower" },
          { metric: "classifier-kid", value: -0.0012, standardError: null, better: "lower" },
        ],
        extractor: {
          name: "classifier",
          digest: "a".repeat(64),
          testAccuracy: 0.9912,
          testCount: 2000,
        },
        generated: { count, digest: sha256(samples) },
        reference: { name: "mnist", count: 10, digest: sha256("data") },
        notes: ["Scores of <4> images say little."],
      }),
    ],
  ]);
}

/** Writes a bundle with a payload, README.md and other tag files. */
export function exampleBundle(
  path: string,
  payload: Map<string, Uint8Array | string> = examplePayload(),
  tags: Record<string, string> = {},
) {
  const bundle = createBundle(path);
  for (const [name, content] of payload) bundle.payload(name, content);
  const digests = JSON.parse(String(examplePayload().get(files.digests)));
  const names = bundle.payloadDigests().map(({ name }) => name);
  const digest = bundle.digest();
  const readme = bundleReadme({ title: "example", summary: "A test.", digest, digests, names });
  const all = { "README.md": readme, ...tags };
  for (const [name, content] of Object.entries(all)) bundle.tag(name, content);
  return bundle.finish();
}

/** A valid environment.json. */
export const exampleEnvironment: Environment = {
  engine: "plain",
  place: {
    engine: "cpu",
    device: "cpu",
    threads: 1,
    processor: "a processor",
    instructions: ["avx"],
    libraries: [{ name: "a library", version: "1" }],
    deno: "2",
  },
  trainedOn: ["cpu"],
  system: "linux",
  host: "a host",
  cores: 2,
  data: { source: "mnist", images: 16, skipped: ["one"], notes: ["a note"], classNames: ["zero"] },
  trainingImagesPerSecond: null,
  startedAt: "2026-01-01T00:00:00.000Z",
  finishedAt: "2026-01-01T00:00:00.000Z",
  starts: 1,
  seconds: 1,
};

/** A valid provenance.json. */
export const exampleProvenance: Provenance = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [],
  predicateType: "https://slsa.dev/provenance/v1",
  predicate: {
    buildDefinition: {
      buildType: "urn:alias-free-diffusion:run:v1",
      externalParameters: { name: "D-2N", spec: {} },
      internalParameters: {
        engine: { name: "cpu", description: "plain", device: "cpu", threads: 1, processor: null },
        digests: { spec: sha256("1"), data: sha256("2"), run: sha256("3"), method: 1 },
      },
      resolvedDependencies: [
        { name: "this project", uri: "pkg:generic/a@1", digest: { gitCommit: "c" } },
        { name: "a library", uri: "pkg:generic/a@1" },
        { name: "mnist", annotations: { kind: "dataset", source: "a source" } },
      ],
    },
    runDetails: {
      builder: {
        id: "urn:alias-free-diffusion",
        version: {
          "alias-free-diffusion": "1",
          deno: "2",
          v8: "3",
          typescript: "4",
          platform: "linux",
        },
      },
      metadata: {
        invocationId: sha256("4"),
        startedOn: exampleEnvironment.startedAt,
        finishedOn: exampleEnvironment.finishedAt,
      },
      byproducts: [{ annotations: { note: "a note" } }],
    },
  },
};

/**
 * Writes manifests and bag-info.txt that match the files of a folder, as a forger would.
 *
 * @param name the folder's name when it was written
 */
export function writeManifests(bundle: string, name: string = basename(bundle)): void {
  const list = (folder: string): string[] =>
    [...Deno.readDirSync(join(bundle, folder))].flatMap(({ name, isDirectory }) => {
      const path = folder === "" ? name : `${folder}/${name}`;
      return isDirectory ? list(path) : [path];
    });
  const write = (manifest: string, names: string[]) => {
    const digests = names.map((name) => [name, sha256OfFile(join(bundle, name))] as const);
    const text = manifestText(new Map(digests));
    Deno.writeTextFileSync(join(bundle, manifest), text);
    return text;
  };
  const names = list("data");
  const digest = sha256(write("manifest-sha256.txt", names));
  const bytes = names.reduce((sum, name) => sum + Deno.statSync(join(bundle, name)).size, 0);
  Deno.writeTextFileSync(join(bundle, "bagit.txt"), declaration);
  const about = { date: "2026-01-02", name, digest, bytes, count: names.length };
  Deno.writeTextFileSync(join(bundle, "bag-info.txt"), bagInfo(about));
  const isTag = (name: string) => !name.startsWith("data/") && !name.startsWith("tagmanifest");
  write("tagmanifest-sha256.txt", list("").filter(isTag));
}

/**
 * Makes provenance.json and README.md match the files under data/, as a careful forger would.
 */
export function fitTags(bundle: string): void {
  const list = (folder: string): string[] =>
    [...Deno.readDirSync(join(bundle, folder))].flatMap(({ name, isDirectory }) =>
      isDirectory ? list(`${folder}/${name}`) : [`${folder}/${name}`]
    );
  const digests = new Map(list("data").map((name) => [name, sha256OfFile(join(bundle, name))]));
  const provenance = join(bundle, "provenance.json");
  const statement = JSON.parse(Deno.readTextFileSync(provenance));
  statement.subject = [...digests].map(([name, digest]) => ({ name, digest: { sha256: digest } }));
  Deno.writeTextFileSync(provenance, jsonText(statement));
  const readme = join(bundle, "README.md");
  const digest = sha256(manifestText(digests));
  const text = Deno.readTextFileSync(readme).replace(/(?<=^ {4})[0-9a-f]{64}$/m, digest);
  Deno.writeTextFileSync(readme, text);
}
