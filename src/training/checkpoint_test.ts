import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { type TensorData, writeTensors } from "../formats/safetensors.ts";
import { filesTest } from "../files/testing.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";

const f32 = (...values: number[]): TensorData => ({
  dtype: "F32",
  shape: [values.length],
  data: Float32Array.from(values),
});

const checkpoint: Checkpoint = {
  training: "ab".repeat(32),
  places: [{ name: "tensorflow", device: "cuda", threads: null }, {
    name: "tensorflow",
    device: "cpu",
    threads: 2,
  }],
  losses: [1, 0.5, Math.fround(0.1)],
  tensors: new Map([["model/a", f32(1, 2)], ["mean/a", f32(3, 4)], ["square/a", f32(5, 6)]]),
  previews: { dtype: "U8", shape: [1, 2, 1, 1, 1], data: Uint8Array.of(7, 8) },
};

filesTest("a checkpoint is read as written, and leaves no other file", async (folder) => {
  const path = join(folder, "checkpoint.safetensors");
  assertEquals(await readCheckpoint(path), null);
  await writeCheckpoint(path, { ...checkpoint, losses: [], previews: null });
  assertEquals(await readCheckpoint(path), { ...checkpoint, losses: [], previews: null });
  await writeCheckpoint(path, checkpoint);
  assertEquals(await readCheckpoint(path), checkpoint);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["checkpoint.safetensors"]);
});

filesTest(
  "truncated checkpoints and other files are refused",
  async (folder) => {
    const path = join(folder, "checkpoint.safetensors");
    await writeCheckpoint(path, checkpoint);
    const bytes = Deno.readFileSync(path);
    for (const length of [0, 7, 8, 50, bytes.length >> 1, bytes.length - 1]) {
      Deno.writeFileSync(path, bytes.subarray(0, length));
      const error = await assertRejects(
        () => readCheckpoint(path),
        UserError,
        path,
        `${length} bytes`,
      );
      assert(!/undefined|null/.test((error as Error).message));
    }
    await writeTensors(path, new Map([["weight", f32(1)]]));
    await assertRejects(() => readCheckpoint(path), UserError, "not a checkpoint");
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    await assertRejects(() => readCheckpoint(path), UserError, "a folder");
  },
);
