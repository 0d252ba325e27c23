import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { encodePng } from "../formats/png.ts";
import { parseSpec, resolveSpec, specName } from "../spec/mod.ts";
import { captureTerminal } from "../messages/terminal.ts";
import { nameLines } from "./name.ts";
import { command } from "./testing.ts";
import { processTest } from "../files/testing.ts";
import { type Answers, run, specText } from "./new.ts";

Deno.test("new: every answer gives a valid spec that contains it", () => {
  for (const network of ["A", "B-0", "C-1N", "D-2N", "D-2.5", "D-2N-norm", "e-2n"]) {
    for (const dataset of ["mnist", "mnist-m", "cifar-10", "./my photos", "C:\\photos"]) {
      for (const size of ["small", "full"] as const) {
        const answers: Answers = { network, dataset, size, rotation: "-30.5" };
        const resolved = resolveSpec(parseSpec(specText(answers)));
        assertEquals(
          specName(resolved).toLowerCase(),
          network.replace("e-2n", "d-2n").toLowerCase(),
        );
        assertEquals(resolved.data.path ?? resolved.dataset, dataset);
        assertEquals(resolved.imageSize, size === "small" ? 16 : 32);
        assertEquals(resolved.sampling.rotation, [-30.5]);
      }
    }
  }
});

Deno.test("new: the training fits the number of images and their classes", () => {
  const answers = { network: "D-2N", dataset: "./photos", rotation: "0" };
  const specOf = (size: "small" | "full", count: number, classNames: string[] | null) =>
    resolveSpec(parseSpec(specText({ ...answers, size }, undefined, { count, classNames })));
  const few = specOf("small", 200, ["bars", "dots: # 2"]);
  assertEquals([few.classes, few.training.images], [2, 20_000]);
  assertEquals(specOf("small", 5, null).training.images, 16_000);
  assertEquals(specOf("small", 50_000, null).training.images, 160_000);
  assertEquals(specOf("full", 200, null).training.images, 600_000);
  assertEquals(specOf("full", 60_000, null).training.epochs, 100);
});

const files = { read: true, write: true } as const;
const closed = (Object.keys(files) as (keyof typeof files)[]).some((name) =>
  Deno.permissions.querySync({ name }).state !== "granted"
);

Deno.test({
  name:
    "new: asks again after an invalid answer, and never overwrites a file (needs --allow-read --allow-write)",
  ignore: closed,
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/mine.yaml`;
    const typed = ["D2", "F-2N", "D-2N", "mnst", "mnist", "huge", "", "left", "99999", "45"];
    const answer = () => typed.shift() ?? null;
    using captured = captureTerminal();
    assertEquals(await run([path], answer), 0);
    const said = captured.out;
    assertEquals(typed, []);
    assertEquals(said.length, 6 + 1, "six complaints and the last line");
    assert(said.some((line) => line.includes("did you mean mnist?")));
    assert(said.some((line) => line.includes("-3600 to 3600")));
    const [line] = await nameLines(path, []);
    assert(line!.startsWith("D-2N   "));
    const again = ["D-2N", "mnist", "small", "45"];
    await assertRejects(
      () => run([path], () => again.shift() ?? null),
      UserError,
      "already exists",
    );
    assertEquals(await run([path], () => null), 130, "as after Ctrl-C");
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "new: inspects a folder of images (needs --allow-read --allow-write)",
  ignore: closed,
  async fn() {
    const folder = await Deno.makeTempDir();
    for (const name of ["bars/1.png", "bars/2.png", "dots/1.png"]) {
      await Deno.mkdir(`${folder}/images/${name}`.replace(/[^/]*$/, ""), { recursive: true });
      const png = encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(7) });
      await Deno.writeFile(`${folder}/images/${name}`, png);
    }
    const typed = ["A", `${folder}/images`, "small", "0"];
    using captured = captureTerminal();
    assertEquals(await run([`${folder}/mine.yaml`], () => typed.shift() ?? null), 0);
    assertStringIncludes(captured.out.join("\n"), "3 images, classes: 2.");
    const text = await Deno.readTextFile(`${folder}/mine.yaml`);
    assertStringIncludes(text, "classes: 2 # 0 bars, 1 dots; ");
    const absent = ["A", `${folder}/none`, "small", "0"];
    assertEquals(await run([`${folder}/other.yaml`], () => absent.shift() ?? null), 0);
    assertStringIncludes(captured.out.join("\n"), "cannot be read yet");
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "new: without experiments/, it writes into the current folder (needs files)",
  ignore: closed,
  async fn() {
    const before = Deno.cwd();
    const folder = await Deno.makeTempDir();
    const typed = ["D-2N", "mnist", "small", "45"];
    try {
      Deno.chdir(folder);
      using _said = captureTerminal();
      assertEquals(await run([], () => typed.shift() ?? null), 0);
      const text = Deno.readTextFileSync(join(folder, "d2n-mnist.yaml"));
      const [, schema = ""] = /\$schema=(.*)/.exec(text) ?? [];
      assert(Deno.statSync(schema).isFile, "the schema is named from there");
    } finally {
      Deno.chdir(before);
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "name: one line per member, with overrides (needs --allow-read)",
  ignore: closed,
  async fn() {
    const spec = new URL("../../experiments/d2n-mnistm.yaml", import.meta.url).pathname;
    const [one] = await nameLines(spec, ["kaiserBeta=1", "normalized=false"]);
    assertStringIncludes(one!, "D-1 ");
    assertEquals((await nameLines(spec, ["kaiserBeta=0,1,2"])).length, 3);
  },
});

processTest("new: without a terminal, it asks nothing and says what it needs", async (folder) => {
  const { code, out, err } = await command(folder, ["new"]).result;
  assertEquals([code, out], [2, ""]);
  assertStringIncludes(err, "run it in a terminal");
});
