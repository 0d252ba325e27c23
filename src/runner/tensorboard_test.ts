import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { decodePng, encodePng } from "../formats/png.ts";
import { crc32c, tfRecord, tfRecords } from "../formats/tfrecord.ts";
import { filesTest, processTest } from "../files/testing.ts";
import type { DiaryLine } from "../bundle/diary.ts";
import { openEvents } from "./tensorboard.ts";

const spec = "architecture: D\nseed: 7\n";

function stepLine(step: number): DiaryLine {
  const time = new Date(1_700_000_000_000 + 1000 * step).toISOString();
  const losses = { loss: 1 / step, equivarianceLoss: 2 / step };
  const figures = { ...losses, imagesPerSecond: null, learningRate: 0.5, memoryBytes: 2e9 };
  return { time, event: "step", step, steps: 20, epoch: 1, ...figures };
}

/** Writes the events of a run that was killed at step 12 and resumed at step 8. */
function writeRun(folder: string, work: string): void {
  const time = "2023-11-14T22:20:00.000Z";
  const picture = { width: 3, height: 2, channels: 3, data: new Uint8Array(18).fill(9) } as const;
  Deno.writeFileSync(join(work, "preview.png"), encodePng(picture));
  const options = { folder, work, spec };
  {
    using events = openEvents(options);
    for (const step of [1, 4, 8, 12]) events.write(stepLine(step));
    events.write({ time, event: "message", text: "no observation" });
  }
  {
    using events = openEvents(options);
    for (const step of [9, 11, 13, 20]) events.write(stepLine(step));
    events.write({ time, event: "preview", step: 20, epoch: 2, file: "preview.png" });
    const kid = { time, event: "score", metric: "kid", standardError: null, step: 20 } as const;
    events.write({ ...kid, value: 0.5, of: "64 images" });
    events.write({ ...kid, value: 0.25 });
    events.write({ time, event: "preview", step: 21, epoch: 2, file: "gone.png" });
    events.write({
      time,
      event: "score",
      metric: "fid",
      value: 12.5,
      standardError: null,
      step: 20,
    });
  }
}

Deno.test("CRC-32C and records, up to one that is cut off", () => {
  // RFC 3720, appendix B.4: 32 bytes of zeroes; and the check value of the polynomial.
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  const records = [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(1000).fill(7)];
  const file = Uint8Array.from(records.flatMap((record) => [...tfRecord(record)]));
  assertEquals([...tfRecords(file)], records);
  assertEquals([...tfRecords(file.subarray(0, file.length - 1))], records.slice(0, 2));
  file[20] = 99;
  assertEquals([...tfRecords(file)].length, 1);
});

filesTest("events: one file per start, and no step twice", (folder) => {
  const [events, work] = [join(folder, "events"), join(folder, "work")];
  Deno.mkdirSync(work);
  writeRun(events, work);
  const names = [...Deno.readDirSync(events)].map(({ name }) => name).sort();
  const counts = names.map((name) => [...tfRecords(Deno.readFileSync(join(events, name)))].length);
  // Version, spec, four steps; then version, the two new steps, preview and scores: an interim
  // score does not hide the run's own.
  assertEquals(counts, [6, 7]);
});

/** Why TensorBoard's reader is not available; empty if it is. */
function missingTensorBoard(): string {
  for (const name of ["read", "write", "run", "env", "sys"] as const) {
    if (Deno.permissions.querySync({ name }).state !== "granted") return "needs --allow-all";
  }
  const python = Deno.env.get("PYTHON") ?? "python3";
  try {
    const { success } = new Deno.Command(python, {
      args: ["-c", "import tensorboard"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? "" : "needs Python with tensorboard, in $PYTHON or as python3";
  } catch {
    return "needs Python with tensorboard, in $PYTHON or as python3";
  }
}

/** A program that prints as JSON what TensorBoard's own reader finds in a folder. */
const reader = `
import base64, json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
seen = EventAccumulator(sys.argv[1])
seen.Reload()
print(json.dumps({
    "scalars": {tag: [[e.wall_time, e.step, e.value] for e in seen.Scalars(tag)]
                for tag in seen.Tags()["scalars"]},
    "images": {tag: [[e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()]
                     for e in seen.Images(tag)] for tag in seen.Tags()["images"]},
    "text": {tag: [e.tensor_proto.string_val[0].decode() for e in seen.Tensors(tag)]
             for tag in seen.Tags()["tensors"]},
    "plugin": seen.SummaryMetadata("spec").plugin_data.plugin_name,
}))
`;

processTest("TensorBoard's own reader reads the events of a run", async (folder) => {
  const [events, work] = [join(folder, "events"), join(folder, "work")];
  Deno.mkdirSync(work);
  writeRun(events, work);
  const { stdout, stderr } = await new Deno.Command(Deno.env.get("PYTHON") ?? "python3", {
    args: ["-c", reader, events],
  }).output();
  const text = new TextDecoder();
  const seen = JSON.parse(text.decode(stdout) || text.decode(stderr));
  const steps = [1, 4, 8, 12, 13, 20];
  const losses = steps.map((step) => [1_700_000_000 + step, step, Math.fround(1 / step)]);
  assertEquals(seen.scalars.loss, losses);
  const others = steps.map((step) => Math.fround(2 / step));
  assertEquals(seen.scalars["equivariance loss"].map(([, , value]: number[]) => value), others);
  assertEquals(Object.keys(seen.scalars).sort(), [
    "equivariance loss",
    "learning rate",
    "loss",
    "memory in GB",
    "score while training/kid",
    "score/fid",
    "score/kid",
  ]);
  assertEquals(seen.scalars["score/fid"][0].slice(1), [20, 12.5]);
  const [[step, width, height, png]] = seen.images.preview;
  assertEquals([step, width, height, decodePng(Uint8Array.fromBase64(png)).width], [20, 3, 2, 3]);
  assertEquals(seen.plugin, "text");
  assertEquals(seen.text.spec, ["    architecture: D\n    seed: 7\n    "]);
}, missingTensorBoard());
