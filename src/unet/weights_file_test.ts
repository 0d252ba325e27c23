import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../messages/errors.ts";
import { decodePyTorch } from "../formats/pytorch.ts";
import { encodeTensors } from "../formats/safetensors.ts";
import { float32Tensor, type TensorData } from "../formats/tensors.ts";
import { PythonObject, type Saved, torchFile } from "../formats/torch_testing.ts";
import published from "../golden/d_1ch_8px.pt" with { type: "bytes" };
import type { GoldenCase } from "../golden/golden.ts";
import { filesTest } from "../files/testing.ts";
import { compileUNet, loadWeights, type UNet, weightsOf } from "./mod.ts";
import { specOf } from "./testing.ts";

const spec = specOf({
  params: {
    variant: "D",
    channels: 1,
    image_size: 8,
    size: 3,
    beta: 2,
    normalized: true,
    classes: null,
  },
} as GoldenCase);

type Weights = Map<string, TensorData>;

const weights: Weights = decodePyTorch(published);
/** Other weights of the same shapes, as an average of the weights would have. */
const averages: Weights = new Map(
  [...weights].map(([name, { shape, data }]) => [
    name,
    float32Tensor(shape, (data as Float32Array).map((value) => value / 2)),
  ]),
);

const withPrefix = (tensors: Weights, prefix: string): Weights =>
  new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));

/** An optimizer's state as PyTorch saves it: tensors with numbers as keys. */
const optimizer = new Map<string, Saved>([
  ["state", new Map([[0, new Map([["exp_avg", float32Tensor([2], Float32Array.of(1, 2))]])]])],
  ["param_groups", [new Map<string, Saved>([["lr", 3e-4], ["params", [0, 1]]])]],
]);

async function withNetwork(body: (unet: UNet) => Promise<void>): Promise<void> {
  await tf.setBackend("cpu");
  const unet = compileUNet(spec);
  await body(unet).finally(() => unet.dispose());
}

/** Asserts that a network has these weights. */
async function assertHas(unet: UNet, expected: Weights, what: string): Promise<void> {
  const found = await weightsOf(unet.plan, unet.parameters);
  for (const [name, { data }] of expected) {
    assertEquals(found.get(name)!.data.at(0), data.at(0), `${what}: ${name}`);
  }
}

filesTest(
  "weights load from under a key, with a prefix, from any file name",
  (folder) =>
    withNetwork(async (unet) => {
      const lightning = new Map<string, Saved>([
        ["epoch", 3],
        ["pytorch-lightning_version", "2.5.0"],
        ["state_dict", withPrefix(weights, "net.")],
        ["optimizer_states", [optimizer]],
        ["callbacks", new Map([["ModelCheckpoint", new Map([["best_model_score", 0.5]])]])],
        ["hyper_parameters", new PythonObject("argparse", "Namespace", new Map([["lr", 3e-4]]))],
      ]);
      const files: [string, Uint8Array][] = [
        ["plain.pt", torchFile(weights)],
        ["pytorch_model.bin", torchFile(withPrefix(weights, "module."))],
        ["model.pth.tar", torchFile(withPrefix(weights, "_orig_mod."))],
        ["checkpoint", torchFile(withPrefix(weights, "module._orig_mod."))],
        ["last.ckpt", torchFile(lightning)],
        ["nest.pt", torchFile(new Map<string, Saved>([["epoch", 3], ["state_dict", weights]]))],
        [
          "with-optimizer.pt",
          torchFile(new Map<string, Saved>([["model", weights], ["opt", optimizer]])),
        ],
        ["weights.pt", encodeTensors(withPrefix(weights, "module."))],
        ["old", published],
      ];
      for (const [name, bytes] of files) {
        for (const parameter of unet.parameters.values()) {
          tf.tidy(() => parameter.assign(tf.zerosLike(parameter)));
        }
        await Deno.writeFile(`${folder}/${name}`, bytes);
        await loadWeights(unet, `${folder}/${name}`);
        await assertHas(unet, weights, name);
      }
    }),
);

filesTest(
  "two sets of weights that fit are refused, and a choice selects one",
  (folder) =>
    withNetwork(async (unet) => {
      const path = `${folder}/a.pt`;
      const nests = new Map<string, Saved>([
        ["epoch", 1],
        ["state_dict", weights],
        [
          "ema",
          new Map<string, Saved>([["decay", 0.999], ["shadow", withPrefix(averages, "module.")]]),
        ],
      ]);
      await Deno.writeFile(path, torchFile(nests));
      const error = await assertRejects(() => loadWeights(unet, path), UserError);
      assertStringIncludes(error.message, "2 sets of weights in it fit");
      assertStringIncludes(error.message, '{ key: "state_dict", prefix: "" }');
      assertStringIncludes(error.message, '{ key: "ema.shadow", prefix: "module." }');
      assertEquals(error.message.split("\n").length, 1);
      await loadWeights(unet, path, { key: "ema.shadow" });
      await assertHas(unet, averages, "ema");
      await loadWeights(unet, path, { key: "state_dict", prefix: "" });
      await assertHas(unet, weights, "state_dict");
      await assertRejects(
        () => loadWeights(unet, path, { key: "em" }),
        UserError,
        "under that key or prefix",
      );

      // Both in one dict, as Lightning stores a model and its average.
      const both = new Map([...withPrefix(weights, "net."), ...withPrefix(averages, "ema_net.")]);
      await Deno.writeFile(path, torchFile(new Map([["state_dict", both]])));
      await assertRejects(() => loadWeights(unet, path), UserError, 'prefix: "ema_net."');
      await loadWeights(unet, path, { prefix: "ema_net." });
      await assertHas(unet, averages, "ema_net.");
      // One set without a prefix next to one that has a prefix.
      await Deno.writeFile(path, torchFile(new Map([...weights, ...withPrefix(averages, "ema.")])));
      await assertRejects(() => loadWeights(unet, path), UserError, "2 sets");
      await loadWeights(unet, path, { prefix: "" });
      await assertHas(unet, weights, "no prefix");
    }),
);

filesTest(
  "errors are a few lines without control characters",
  (folder) =>
    withNetwork(async (unet) => {
      const path = `${folder}/a.pt`;
      const messageFor = async (bytes: Uint8Array) => {
        await Deno.writeFile(path, bytes);
        const { message } = await assertRejects(() => loadWeights(unet, path), UserError);
        assert(message.split("\n").length <= 4, message);
        assert(message.length < 1500, message);
        // deno-lint-ignore no-control-regex -- the test looks for control characters
        assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(message), message);
        return message;
      };
      const some = [...weights].slice(0, 90);
      const prefixed = withPrefix(new Map(some), "module.");
      assertStringIncludes(
        await messageFor(torchFile(new Map([["state_dict", prefixed]]))),
        '{ key: "state_dict", prefix: "module." }: these weights belong to another network',
      );
      assertStringIncludes(await messageFor(torchFile(new Map(some))), "missing, 92 of 182: ");
      const hostile = new Map(
        Array.from(
          { length: 360 },
          (_, i) => [`\x1b]52;c;x\x07\x9b31m\u202e${i}`, weights.get("outc.bias")!],
        ),
      );
      assertStringIncludes(await messageFor(torchFile(hostile)), "none of this network's weights");
      const beside = new Map([...weights, ...hostile]);
      assertStringIncludes(
        await messageFor(torchFile(beside)),
        "not in this network, 360: \\u{1b}]52",
      );
      assertStringIncludes(
        await messageFor(torchFile(new PythonObject("models", "UNet", new Map(weights)))),
        'a Python object ("models.UNet")',
      );
      const text = (content: string) => new TextEncoder().encode(content);
      assertStringIncludes(await messageFor(text("<!DOCTYPE html><html>404")), "a web page");
      assertStringIncludes(
        await messageFor(Uint8Array.from("\x89HDF\r\n\x1a\n", (c) => c.charCodeAt(0))),
        "an HDF5 file",
      );
      assertStringIncludes(await messageFor(new Uint8Array()), "an empty file");
    }),
);
