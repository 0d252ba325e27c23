import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../messages/errors.ts";
import { filesTest } from "../files/testing.ts";
import { bundleFiles } from "./open.ts";
import {
  readAllSamples,
  readBundleDigests,
  readEnvironment,
  readLosses,
  readMetrics,
  readProvenance,
} from "./read.ts";
import { digestsForm, lossesText, parseForm, parseLosses } from "./schemas.ts";
import { exampleEnvironment, examplePayload, exampleProvenance } from "./testing.ts";

Deno.test("losses are read only in the format in which they are written", () => {
  const losses = [0.5, 1e-7, 3];
  assertEquals(
    parseLosses(lossesText(losses), "loss.csv"),
    losses.map((loss, i) => ({ step: i + 1, loss })),
  );
  for (
    const text of [
      "",
      "step,loss",
      "step;loss\n",
      "step,loss\n1,0.5",
      "step,loss\n2,0.5\n",
      "step,loss\n1,0.5\n3,0.5\n",
      "step,loss\n1,NaN\n",
      "step,loss\n1,1e400\n",
      "step,loss\n1,0.50\n",
      "step,loss\n1,0.5,1\n",
      "step,loss\n1,=cmd()\n",
      "step,loss\n\n",
    ]
  ) assertThrows(() => parseLosses(text, "loss.csv"), UserError, "loss.csv", text);
});

Deno.test("a schema error says where it is, in a short message", () => {
  const good = String(examplePayload().get("digests.json"));
  assertEquals(parseForm(digestsForm, good, "x").method, 1);
  const bad: [string, string][] = [
    ["{", "x: not JSON"],
    ["null", "x: "],
    [good.replace('"method": 1', '"method": "1"'), "x: method: "],
    [good.replace('"method": 1', '"method": 1e400'), "x: method: "],
    [good.replace("{", `{"${"y".repeat(10_000)}": 1,`), "x: Unrecognized key"],
    ["[".repeat(100_000) + "]".repeat(100_000), "x: "],
  ];
  for (const [json, expected] of bad) {
    const { message } = assertThrows(() => parseForm(digestsForm, json, "x"), UserError, expected);
    assert(message.length < 500, message);
  }
});

/** Values of a wrong type for any field. */
const wrong: unknown[] = [null, true, -1, 1e400, "", "<b>\u001b[2J", [], {}, [[]], {
  toString: null,
}];

filesTest("whatever a field contains, reading a file succeeds or throws a UserError", (folder) => {
  Deno.mkdirSync(`${folder}/data`);
  const payload = examplePayload();
  const readers: [file: string, text: string, read: () => unknown][] = [
    [
      "data/digests.json",
      String(payload.get("digests.json")),
      () => readBundleDigests(bundleFiles(folder)),
    ],
    [
      "data/metrics.json",
      String(payload.get("metrics.json")),
      () => readMetrics(bundleFiles(folder)),
    ],
    [
      "environment.json",
      JSON.stringify(exampleEnvironment),
      () => readEnvironment(bundleFiles(folder)),
    ],
    [
      "provenance.json",
      JSON.stringify(exampleProvenance),
      () => readProvenance(bundleFiles(folder)),
    ],
  ];
  for (const [file, text, read] of readers) {
    const paths = [...pathsOf(JSON.parse(text))];
    for (const path of paths) {
      for (const value of wrong) {
        Deno.writeTextFileSync(`${folder}/${file}`, JSON.stringify(replaced(text, path, value)));
        try {
          read();
        } catch (error) {
          assert(error instanceof UserError, `${file} ${path}: ${error}`);
        }
      }
    }
  }
});

filesTest("a bundle without losses and samples can be read", async (folder) => {
  Deno.mkdirSync(`${folder}/data`);
  const files = bundleFiles(folder);
  assertEquals(readLosses(files), []);
  assertEquals((await readAllSamples(files)).size, 0);
});

/** The path of every value in a JSON value. */
function* pathsOf(value: unknown, path: string[] = []): Generator<string[]> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* pathsOf(inner, [...path, key]);
}

function replaced(text: string, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const root = JSON.parse(text);
  let at = root;
  for (const key of path.slice(0, -1)) at = at[key];
  at[path.at(-1) ?? ""] = value;
  return root;
}
