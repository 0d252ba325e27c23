import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { gunzipSync, gzipSync } from "fflate";
import { UserError } from "../messages/errors.ts";
import { decodeTensors, encodeTensors } from "../formats/safetensors.ts";
import { float32Tensor } from "../formats/tensors.ts";
import { parseSpec, resolveSpec, specDigest } from "../spec/mod.ts";
import { files, jsonText, resolvedSpecYaml } from "./layout.ts";
import { exampleBundle, examplePayload, exampleSpec } from "./testing.ts";
import { packBundle } from "./pack.ts";
import { unpackBundle } from "./unpack.ts";
import { checkBundle, verifyBag } from "./verify.ts";

const verify = (path: string) => Promise.resolve(verifyBag(path));

const granted = (name: Deno.PermissionName) =>
  Deno.permissions.querySync({ name }).state === "granted";
const ignore = !granted("read") || !granted("write");

Deno.test("a written resolved spec resolves to itself", () => {
  for (
    const text of [
      "architecture: A\ndataset: mnist\n",
      "x-b: 1\nsampling: { eta: 1, sampler: ddim }\nx-a: 2\n" +
      "training: { images: 64, emaDecay: 0.9, batchSize: 8 }\n" +
      "data: { limit: 9 }\ndataset: mnist\narchitecture: A\n",
      "architecture: E\ndataset: cifar-10\nclasses: 10\n" +
      "sampling: { sampler: ddim, rotation: { from: -90, to: 90, count: 9 } }\n",
    ]
  ) {
    const spec = resolveSpec(parseSpec(text));
    const again = resolveSpec(parseSpec(resolvedSpecYaml(spec)));
    assertEquals(again, spec);
    assertEquals(resolvedSpecYaml(again), resolvedSpecYaml(spec));
    assertEquals(specDigest(again), specDigest(spec));
  }
});

Deno.test({
  name: "contradictions in a bundle with correct manifests are found (needs files)",
  ignore,
  async fn(t) {
    const folder = Deno.makeTempDirSync();
    let count = 0;
    const problems = async (change: (payload: Map<string, Uint8Array | string>) => void) => {
      const payload = examplePayload();
      change(payload);
      const { path } = exampleBundle(join(folder, `b${count++}`), payload);
      return (await checkBundle(path)).problems.map(({ file, what }) => `${file}: ${what}`);
    };
    const expectFault = (
      name: string,
      change: (payload: Map<string, Uint8Array | string>) => void,
      ...parts: string[]
    ) =>
      t.step(name, async () => {
        const found = (await problems(change)).join("\n");
        for (const part of parts) {
          assertStringIncludes(found, part);
          assert(!usual.includes(part), `${part} is found in any case`);
        }
      });

    // The example is not a complete run: exactly the files that it lacks are reported.
    const usual = (await problems(() => {})).join("\n");
    await expectFault(
      "another spec",
      (payload) => payload.set(files.spec, resolvedSpecYaml({ ...exampleSpec(), seed: 43 })),
      "data/spec.yaml: its digest",
    );
    await expectFault(
      "no spec",
      (payload) => payload.delete(files.spec),
      "data/spec.yaml: missing",
    );
    await expectFault(
      "an invalid spec",
      (payload) => payload.set(files.spec, "architecture: F\n"),
      "data/spec.yaml",
    );
    await expectFault(
      "no digests",
      (payload) => payload.set(files.digests, "[]"),
      "data/digests.json: Invalid input",
    );
    await expectFault(
      "broken digests",
      (payload) => payload.set(files.digests, "{"),
      "data/digests.json: not JSON",
    );
    await expectFault(
      "another run digest",
      (payload) =>
        payload.set(
          files.digests,
          String(payload.get(files.digests)).replace('"method": 1', '"method": 2'),
        ),
      "run digest",
    );
    const reshape = (
      payload: Map<string, Uint8Array | string>,
      change: (t: ReturnType<typeof decodeTensors>) => void,
    ) => {
      const tensors = decodeTensors(payload.get(files.model) as Uint8Array);
      change(tensors);
      payload.set(files.model, encodeTensors(tensors));
    };
    await expectFault(
      "weights of another shape",
      (payload) =>
        reshape(payload, (tensors) => {
          const [name, tensor] = [...tensors].find(([, { shape }]) =>
            shape.length === 2 && shape[0] !== shape[1]
          )!;
          tensors.set(name, { ...tensor, shape: tensor.shape.toReversed() });
        }),
      "data/model.safetensors: ",
      "] in the spec's network",
    );
    await expectFault(
      "missing and extra weights",
      (payload) =>
        reshape(payload, (tensors) => {
          const [name, tensor] = [...tensors][3]!;
          tensors.delete(name);
          tensors.set("extra", tensor);
        }),
      " of the spec's network is missing",
      "no extra",
    );
    await expectFault(
      "weights that are not numbers",
      (payload) =>
        reshape(payload, (tensors) => {
          const [name, { shape, data }] = [...tensors][3]!;
          tensors.set(name, float32Tensor(shape, (data as Float32Array).with(0, NaN)));
        }),
      "contains NaN or Infinity",
    );
    await expectFault(
      "an optimizer of another network",
      (payload) => payload.set(files.optimizer, payload.get(files.model)!),
      "data/optimizer.safetensors: mean/inc",
    );
    await expectFault(
      "no model",
      (payload) => payload.delete(files.model),
      "data/model.safetensors: missing",
    );
    await expectFault(
      "a broken model",
      (payload) => payload.set(files.model, "xx"),
      "data/model.safetensors",
    );
    await expectFault(
      "scores of other samples",
      (payload) => {
        const metrics = JSON.parse(String(payload.get(files.metrics)));
        payload.set(files.metrics, jsonText({ ...metrics, samples: "0".repeat(64) }));
      },
      "data/metrics.json: its scores are of other samples",
    );
    await expectFault(
      "samples of too few images",
      (payload) => {
        const tensors = decodeTensors(payload.get(files.samples) as Uint8Array);
        tensors.set("0", { dtype: "U8", shape: [3, 8, 8, 1], data: new Uint8Array(192) });
        tensors.delete("45");
        payload.set(files.samples, encodeTensors(tensors));
      },
      "but U8 [4,8,8,1] in the spec",
      "the angle 45 is missing",
      "metrics.json: its scores are of other samples",
    );
    Deno.removeSync(folder, { recursive: true });
  },
});

Deno.test({
  name: "unpacking restores a packed bundle, by us and by tar; packing it again gives the same " +
    "archive (needs files)",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const { path, digest } = exampleBundle(join(folder, "example-0123456789ab"));
    const archive = join(folder, "a.tar.gz");
    await packBundle(path, archive, verify);
    const bytes = Deno.readFileSync(archive);
    for await (const { name } of Deno.readDir(path)) Deno.utimeSync(join(path, name), 1, 1);
    await packBundle(path, archive, verify);
    assertEquals(Deno.readFileSync(archive), bytes);
    const unpacked = await unpackBundle(archive, join(folder, "into"), verify);
    assertEquals([unpacked.ok, unpacked.digest, basename(unpacked.path)], [
      true,
      digest,
      "example-0123456789ab",
    ]);
    assert((await verify(unpacked.path)).ok);
    await assertRejects(
      () => unpackBundle(archive, join(folder, "into"), verify),
      UserError,
      "already",
    );
    if (granted("run") && Deno.build.os === "linux") {
      Deno.mkdirSync(join(folder, "by-tar"));
      assert(
        new Deno.Command("tar", { args: ["xzf", archive, "-C", join(folder, "by-tar")] })
          .outputSync().success,
      );
      assertEquals(
        (await verify(join(folder, "by-tar", "example-0123456789ab"))).digest,
        digest,
      );
    }
    assertEquals([...Deno.readDirSync(join(folder, "into"))].length, 1, "nothing else remains");

    // Damaged archives are refused, and nothing appears.
    const tar = gunzipSync(bytes);
    const renamed = (from: string, to: string) => {
      const copy = tar.slice();
      const at = new TextDecoder("latin1").decode(copy).indexOf(from);
      copy.set(new TextEncoder().encode(to.padEnd(from.length, "\0")), at);
      copy.set(new TextEncoder().encode("        "), at - at % 512 + 148);
      const sum = copy.subarray(at - at % 512, at - at % 512 + 512).reduce((a, b) => a + b, 0);
      copy.set(
        new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0 "),
        at - at % 512 + 148,
      );
      return gzipSync(copy);
    };
    const flipped = bytes.slice();
    flipped[bytes.length >> 1]! ^= 4;
    const damaged = {
      cut: bytes.slice(0, bytes.length >> 1),
      flipped,
      "no gzip": tar,
      empty: gzipSync(new Uint8Array(1024)),
      nothing: new Uint8Array(),
      "climbs out": renamed("example-0123456789ab/README.md", "../0123456789abcd"),
      "two tops": renamed("example-0123456789ab/README.md", "elsewhere/README.md"),
      "file renamed": renamed("example-0123456789ab/README.md", "example-0123456789ab/README.txt"),
    };
    for (const [kind, content] of Object.entries(damaged)) {
      Deno.writeFileSync(archive, content);
      const message = ["no gzip", "nothing"].includes(kind)
        ? `${archive}: this is not a .tar.gz file`
        : "";
      await assertRejects(
        () => unpackBundle(archive, join(folder, "none"), verify),
        UserError,
        message,
        kind,
      );
      assertEquals([...Deno.readDirSync(join(folder, "none"))], [], kind);
      assert(!Deno.readDirSync(folder).some(({ name }) => name === "0123456789abcd"));
    }
    Deno.writeTextFileSync(join(path, "added"), "");
    await assertRejects(() => packBundle(path, archive, verify), UserError, "added");
    Deno.removeSync(folder, { recursive: true });
  },
});
