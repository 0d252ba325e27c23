import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PreparedModel } from "./model.ts";
import { playFiles } from "./page.ts";

/** A model without weights, with names that try to inject HTML. */
function modelOf(imageSize: number): PreparedModel {
  return {
    model: {
      name: "</pre><script>alert(1)</script>",
      label: "A",
      network: {
        architecture: "A",
        kaiserBeta: null,
        normalized: null,
        normInside: false,
        kernelSize: null,
        gain: null,
        cutoff: null,
        imageSize,
        channels: 1,
        baseWidth: 8,
        classes: 2,
        seed: 1,
      },
      noise: { steps: 1000, start: 1e-4, end: 0.02, schedule: "linear" },
      sampling: {
        clip: false,
        guidance: null,
        variance: "beta",
        rotation: [0],
        sampler: "ancestral",
      },
      classNames: ['" onload="alert(1)', "<b>"],
      weightError: 0,
    },
    weights: new Uint8Array(8),
  };
}

const programs = { worker: new Uint8Array(3), wasm: new Uint8Array(3) };

Deno.test("a playground is one page; from 64 pixels its weights are in files next to it", () => {
  const small = playFiles({ models: [modelOf(56)], ...programs });
  assertEquals(small.map(([name]) => name), ["index.html"]);
  const [page, ...weights] = playFiles({ models: [modelOf(56), modelOf(64)], ...programs });
  assertEquals(weights.map(([name]) => name), ["weights-0.js", "weights-1.js"]);
  assertStringIncludes(page?.[1] ?? "", '<script src="weights-1.js"></script>');
  for (const [, text] of weights) assertMatch(text, /^\(globalThis.*"[A-Za-z0-9+/=]+";\n$/);
});

Deno.test("names of bundles and classes are escaped in a playground", () => {
  const [[, page] = ["", ""]] = playFiles({ models: [modelOf(8)], ...programs });
  assertEquals(page.match(/<script/g)?.length, 1);
  assertEquals(page.includes('" onload'), false);
  assertEquals(page.includes("<b>"), false);
});
