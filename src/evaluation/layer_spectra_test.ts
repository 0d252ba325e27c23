import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { testOnEngines } from "../../kernels/shared/testing.ts";
import { UserError } from "../messages/errors.ts";
import { parseSpec, resolveSpec } from "../spec/mod.ts";
import { compileUNet } from "../unet/mod.ts";
import { type LayerSpectra, measureLayerSpectra } from "./layer_spectra.ts";

function specOf(text: string) {
  return resolveSpec(
    parseSpec(`{dataset: mnist, imageSize: 16, baseWidth: 8, seed: 3, ${text}}`, { path: "test" }),
  );
}

function spectraOf(text: string): LayerSpectra[] {
  const unet = compileUNet(specOf(text));
  try {
    return measureLayerSpectra(unet.plan, (index) => {
      tf.tidy(() => {
        const x = tf.randomNormal<tf.Rank.R4>([1, 16, 16, 1], 0, 1, "float32", index + 1);
        unet.apply(x, tf.tensor1d([500]));
      });
    }, 2);
  } finally {
    unet.dispose();
  }
}

testOnEngines(
  "layer spectra: every nonlinearity is seen once, and filters fold less energy than none",
  () => {
    const plain = spectraOf("architecture: A");
    const filtered = spectraOf("architecture: D, kernelSize: 6");
    assertEquals(plain.map(({ layer }) => layer), filtered.map(({ layer }) => layer));
    assertEquals(new Set(plain.map(({ layer }) => layer)).size, plain.length);
    assert(plain.length > 10);
    for (const { size, before, after, folds, halfPixelError } of [...plain, ...filtered]) {
      assert(halfPixelError > 0 && halfPixelError < 4, String(halfPixelError));
      assertEquals([before.length, after.length], [size / 2 + 1, size / 2 + 1]);
      assert(folds >= 0 && folds < 1, String(folds));
    }
    const mean = (spectra: LayerSpectra[]) =>
      spectra.reduce((sum, { folds }) => sum + folds / spectra.length, 0);
    assert(mean(filtered) < mean(plain), `${mean(filtered)} and ${mean(plain)}`);
    // The original kernels are back.
    const x = tf.tensor([1]);
    assertEquals(tf.getKernel("Gelu", tf.getBackend()) !== undefined, true);
    x.dispose();
    return Promise.resolve();
  },
  (engine) => engine === "cpu" || engine === "wasm",
);

testOnEngines("layer spectra: ideal filters fold nothing back, with a bypass or without", () => {
  const halfPixelErrors = ["false", "true"].map((bypass) => {
    const spectra = spectraOf(
      `architecture: D, padding: circular, filter: { kind: ideal, bypass: ${bypass} }`,
    );
    for (const { folds } of spectra) assert(folds < 1e-10, String(folds));
    return spectra.reduce((sum, { halfPixelError }) => sum + halfPixelError / spectra.length, 0);
  });
  const published = spectraOf("architecture: D");
  for (const error of halfPixelErrors) {
    assert(published.every(({ halfPixelError }) => error < halfPixelError), String(error));
  }
  return Promise.resolve();
}, (engine) => engine === "cpu" || engine === "wasm");

testOnEngines("layer spectra: of a padded jinc they are refused", () => {
  assertThrows(
    () => spectraOf("architecture: D, padding: circular"),
    UserError,
    "leave out --spectra",
  );
  return Promise.resolve();
}, (engine) => engine === "cpu");

testOnEngines("layer spectra: normInside works, too", () => {
  const spectra = spectraOf("architecture: D, normInside: true");
  for (const { folds } of spectra) assert(folds >= 0 && folds < 1, String(folds));
  return Promise.resolve();
}, (engine) => engine === "wasm");
