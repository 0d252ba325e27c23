import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { encodePng } from "../formats/png.ts";
import { decodeTensors, encodeTensors, type TensorData } from "../formats/safetensors.ts";
import { payloadDifferences } from "./differences.ts";
import { files, jsonText } from "./layout.ts";
import { exampleBundle, examplePayload } from "./testing.ts";

const ignore = (["read", "write"] as const).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

type Payload = ReturnType<typeof examplePayload>;

/** The example's payload with a picture and forty losses. */
function payload(): Payload {
  const grey = Uint8Array.from({ length: 64 }, (_, i) => 3 * i);
  const losses = Array.from({ length: 40 }, (_, i) => `${i + 1},${1 / (i + 1)}\n`);
  return examplePayload().set(
    "grid.png",
    encodePng({ width: 8, height: 8, channels: 1, data: grey }),
  )
    .set(files.losses, `step,loss\n${losses.join("")}`);
}

/** Changes the elements of a safetensors file. */
function change(
  payload: Payload,
  file: string,
  change: (value: number, i: number) => number,
): void {
  const tensors = decodeTensors(payload.get(file) as Uint8Array);
  for (const { data } of tensors.values()) {
    const values = data as Float32Array | Uint8Array;
    values.forEach((value, i) => values[i] = change(value, i));
  }
  payload.set(file, encodeTensors(tensors));
}

function changeLosses(payload: Payload, factor: (step: number) => number): void {
  const lines = String(payload.get(files.losses)).trim().split("\n").slice(1).map((line) =>
    line.split(",").map(Number)
  );
  const text = lines.map(([step, loss]) => `${step},${loss! * factor(step!)}\n`).join("");
  payload.set(files.losses, `step,loss\n${text}`);
}

Deno.test({
  name: "differences of payloads: each file, by how much, and the verdict (needs files)",
  ignore,
  async fn() {
    const folder = Deno.makeTempDirSync();
    const { path: original } = exampleBundle(join(folder, "original"), payload());
    let count = 0;
    const compared = async (...changes: ((payload: Payload) => void)[]) => {
      const other = payload();
      changes.forEach((change) => change(other));
      const { path } = exampleBundle(join(folder, `other-${count++}`), other);
      const found = await payloadDifferences(original, path);
      const lines = new Map(
        found.different.map(({ file, what, within }) => [file, `${within} ${what}`]),
      );
      assertEquals(found.same + lines.size, other.size);
      return { ...found, lines };
    };
    assertEquals((await compared()).verdict, "same");

    const nearly = await compared(
      (payload) => change(payload, files.model, (value) => value * 1.004),
      (payload) => change(payload, files.samples, (value, i) => value ^ (i % 4 === 0 ? 1 : 0)),
      (payload) => changeLosses(payload, () => 1.003),
      (payload) => payload.set("loss.svg", "<svg/>").delete("loss.svg"),
    );
    assertEquals(nearly.verdict, "rounding");
    assertEquals([...nearly.lines.keys()], [
      "data/loss.csv",
      "data/model.safetensors",
      "data/samples.safetensors",
    ]);
    assertStringIncludes(
      nearly.lines.get("data/model.safetensors")!,
      "typically 0.40 % of the values",
    );
    assertEquals(
      nearly.lines.get("data/samples.safetensors"),
      "true at most 1 of 255, on average 0.25",
    );
    assertEquals(nearly.lines.get("data/loss.csv"), "true at most 0.00300, on average 0.30 %");

    // Different steps to the same end: weights, samples and early losses differ; late losses and
    // scores do not.
    const differentSteps = (payload: Payload) => {
      change(payload, files.model, (value, i) => value + (i % 3));
      change(payload, files.samples, (value) => 255 - value);
      changeLosses(payload, (step) => step < 30 ? 2 : 1.01);
      payload.set(files.metrics, String(payload.get(files.metrics)).replace("12.345", "12.5"));
    };
    const other = await compared(differentSteps);
    assertEquals(other.verdict, "statistics");
    assertStringIncludes(other.lines.get("data/model.safetensors")!, "false at most 2");
    assertStringIncludes(
      other.statistics.map(({ what }) => what).join("\n"),
      "fid: 12.345 there, 12.500 here, 0.44",
    );

    const beyond: [what: string, change: (payload: Payload) => void][] = [
      ["late losses", (payload) => changeLosses(payload, () => 1.2)],
      [
        "a score",
        (payload) =>
          payload.set(files.metrics, String(payload.get(files.metrics)).replace(/12\.\d+/, "14.1")),
      ],
      ["a missing score", (payload) => payload.set(files.metrics, withoutScores(payload))],
      ["a different network", (payload) => void payload.set(files.network, "other")],
      ["an additional file", (payload) => void payload.set("more.txt", "")],
    ];
    assertEquals((await compared(beyond[1]![1])).verdict, "different", "only a score");
    for (const [what, change] of beyond) {
      assertEquals((await compared(differentSteps, change)).verdict, "different", what);
    }
    await assertRejects(
      () => compared((payload) => changeLosses(payload, (step) => step === 40 ? NaN : 1)),
      UserError,
      "line 41 is not step 40 and its loss",
    );
    const forms = await compared(
      (payload) =>
        payload.set(
          "grid.png",
          encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }),
        ),
      (payload) => {
        const tensors = decodeTensors(payload.get(files.model) as Uint8Array);
        const [name] = tensors.keys();
        tensors.set(name!, { dtype: "F32", shape: [1], data: new Float32Array(1) } as TensorData);
        payload.set(files.model, encodeTensors(tensors));
      },
    );
    assertEquals(forms.lines.get("data/grid.png"), "false 8x8x1 there, 1x1x1 here");
    assert(
      /false .* is F32 \[.*\] there and F32 \[1\] here/.test(
        forms.lines.get("data/model.safetensors")!,
      ),
    );
    Deno.removeSync(folder, { recursive: true });
  },
});

function withoutScores(payload: Payload): string {
  return jsonText({ ...JSON.parse(String(payload.get(files.metrics))), scores: [] });
}
