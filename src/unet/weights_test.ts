import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../messages/errors.ts";
import { decodePyTorch } from "../formats/pytorch.ts";
import { float32Tensor, type TensorData } from "../formats/tensors.ts";
import { readTensors, writeTensors } from "../formats/safetensors.ts";
import { assertClose, formulaWeights, type GoldenCase } from "../golden/golden.ts";
import published from "../golden/d_1ch_8px.pt" with { type: "bytes" };
import { compileUNet, loadWeights, saveWeights, setWeights, type UNet, weightsOf } from "./mod.ts";
import { specOf } from "./testing.ts";

const params = {
  variant: "D",
  channels: 1,
  image_size: 8,
  size: 3,
  beta: 2,
  normalized: true,
  classes: null,
};
const spec = specOf({ params } as GoldenCase);
const canWrite = (["read", "write"] as const).every((name) =>
  Deno.permissions.querySync({ name }).state === "granted"
);
const files = canWrite ? "" : " (needs --allow-read and --allow-write)";

async function withNetwork(body: (unet: UNet) => Promise<void>): Promise<void> {
  await tf.setBackend("cpu");
  const unet = compileUNet(spec);
  await body(unet).finally(() => unet.dispose());
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await body(folder).finally(() => Deno.remove(folder, { recursive: true }));
}

Deno.test("a published checkpoint loads under its names and saves the same values", async () => {
  await withNetwork(async (unet) => {
    setWeights(unet, decodePyTorch(published), "the published checkpoint");
    const weights = await weightsOf(unet.plan, unet.parameters);
    assertEquals([...weights.keys()], [...decodePyTorch(published).keys()]);
    let index = 0;
    for (const [name, { shape, data }] of weights) {
      assertClose(data as Float32Array, formulaWeights(index++, name, shape), 0, name);
    }
    // Ours is [in, out], PyTorch's is [out, in].
    const ours = unet.parameters.get("down1.emb_layer.1.weight")!;
    assertEquals(ours.shape, [256, 16]);
    const theirs = weights.get("down1.emb_layer.1.weight")!;
    assertEquals((await ours.data())[5 * 16 + 3], theirs.data[3 * 256 + 5]);
  });
});

Deno.test({
  name: `saved weights load again, as safetensors and from a .pt${files}`,
  ignore: !canWrite,
  fn: () =>
    withFolder((folder) =>
      withNetwork(async (unet) => {
        await Deno.writeFile(`${folder}/published.pt`, published);
        await loadWeights(unet, `${folder}/published.pt`);
        await saveWeights(unet, `${folder}/ours.safetensors`);
        const other = compileUNet({ ...spec, seed: 1 });
        await loadWeights(other, `${folder}/ours.safetensors`);
        await saveWeights(other, `${folder}/again.safetensors`);
        assertEquals(
          await Deno.readFile(`${folder}/again.safetensors`),
          await Deno.readFile(`${folder}/ours.safetensors`),
        );
        other.dispose();
      })
    ),
});

Deno.test({
  name: `all faults of weights are listed at once, and nothing is set${files}`,
  ignore: !canWrite,
  fn: () =>
    withFolder((folder) =>
      withNetwork(async (unet) => {
        const before = await weightsOf(unet.plan, unet.parameters);
        const wrong = new Map<string, TensorData>(
          [...before].filter(([name]) => name !== "outc.bias"),
        );
        wrong.set("inc.conv1.weight", float32Tensor([8, 3, 3, 3], new Float32Array(216)));
        wrong.set("inc.norm1.bias", float32Tensor([8], new Float32Array(8).fill(7)));
        wrong.set("label_emb.weight", float32Tensor([10, 256], new Float32Array(2560)));
        const path = `${folder}/wrong.safetensors`;
        await writeTensors(path, wrong);
        const error = await assertRejects(() => loadWeights(unet, path), UserError);
        assertEquals(error.message.split("\n").slice(1), [
          "  missing, 1 of 182: outc.bias [1]",
          "  not in this network, 1: label_emb.weight [10,256]",
          "  of another shape, 1: inc.conv1.weight [8,3,3,3], not [8,1,3,3]",
        ]);
        assertEquals(error.message.startsWith(path), true);
        const diverged = new Map(before);
        for (
          const [name, value] of [["inc.conv1.weight", NaN], ["outc.bias", -Infinity]] as const
        ) {
          const { shape, data } = before.get(name)!;
          diverged.set(name, float32Tensor(shape, (data as Float32Array).with(-1, value)));
        }
        await writeTensors(path, diverged);
        const named = "NaN or infinity in inc.conv1.weight, outc.bias";
        await assertRejects(() => loadWeights(unet, path), UserError, named);
        assertEquals(await weightsOf(unet.plan, unet.parameters), before);
        await assertRejects(
          () => loadWeights(unet, `${folder}/absent.pt`),
          UserError,
          "no such file",
        );
      })
    ),
});

const python = await findPyTorch();

Deno.test({
  name: `PyTorch loads what saveWeights writes and computes the same${python.reason}`,
  ignore: !python.command,
  fn: () =>
    withFolder((folder) =>
      withNetwork(async (unet) => {
        await saveWeights(unet, `${folder}/ours.safetensors`);
        const x = tf.randomUniform([2, 8, 8, 1], -1, 1, "float32", 3) as tf.Tensor4D;
        const y = unet.apply(x, tf.tensor1d([1, 700]));
        await writeTensors(
          `${folder}/x.safetensors`,
          new Map([["x", float32Tensor([2, 1, 8, 8], await x.data<"float32">())]]),
        );
        const script = `
import sys, torch
from safetensors.torch import load_file, save_file
sys.path.insert(0, sys.argv[1])
import unet
net = unet.UNet("D", 1, 8)
net.load_state_dict(load_file(sys.argv[2] + "/ours.safetensors"))
with torch.no_grad():
    y = net(load_file(sys.argv[2] + "/x.safetensors")["x"], torch.tensor([1, 700]))
save_file({"y": y}, sys.argv[2] + "/y.safetensors")
`;
        const peer = new URL("../benchmarks", import.meta.url).pathname;
        const { success, stderr } = await new Deno.Command(python.command!, {
          args: ["-c", script, peer, folder],
        })
          .output();
        assertEquals(success, true, new TextDecoder().decode(stderr));
        const theirs = (await readTensors(`${folder}/y.safetensors`)).get("y")!;
        assertClose(await y.data(), theirs.data as Float32Array, 1e-4);
        tf.dispose([x, y]);
      })
    ),
});

Deno.test({
  name: `checkpoints that PyTorch writes load, under their keys and prefixes${python.reason}`,
  ignore: !python.command,
  fn: () =>
    withFolder((folder) =>
      withNetwork(async (unet) => {
        const script = `
import argparse, collections, os, pathlib, sys, torch
sys.path.insert(0, sys.argv[1])
os.chdir(sys.argv[2])
import unet
net = unet.UNet("D", 1, 8)
state = net.state_dict()
with torch.no_grad():
    net.outc.bias.fill_(0.625)
optimizer = torch.optim.AdamW(net.parameters())
net(torch.ones(1, 1, 8, 8), torch.tensor([7])).sum().backward()
optimizer.step()
net.outc.bias.data.fill_(0.625)
lightning = {
    "epoch": 1, "pytorch-lightning_version": "2.5.0",
    "state_dict": {"net." + name: tensor for name, tensor in state.items()},
    "optimizer_states": [optimizer.state_dict()], "lr_schedulers": [],
    "hyper_parameters": argparse.Namespace(path=pathlib.PurePosixPath("a")),
    "loops": collections.defaultdict(dict, {"fit": {"seen": {1, 2}}}),
}
torch.save(torch.nn.DataParallel(net).state_dict(), "pytorch_model.bin")
torch.save(torch.compile(net).state_dict(), "compiled.pth.tar")
torch.save(lightning, "last.ckpt")
torch.save(lightning, "protocol4", pickle_protocol=4)
nest = {"model": state, "optimizer": optimizer.state_dict()}
torch.save(nest, "old.pt", _use_new_zipfile_serialization=False)
torch.save({"state_dict": state, "ema": dict(state)}, "both.pt")
torch.save(net, "whole.pt")
`;
        const peer = new URL("../benchmarks", import.meta.url).pathname;
        const { success, stderr } = await new Deno.Command(python.command!, {
          args: ["-c", script, peer, folder],
        }).output();
        assertEquals(success, true, new TextDecoder().decode(stderr));
        const bias = unet.parameters.get("outc.bias")!;
        for (
          const name of [
            "pytorch_model.bin",
            "compiled.pth.tar",
            "last.ckpt",
            "protocol4",
            "old.pt",
          ]
        ) {
          tf.tidy(() => bias.assign(tf.zerosLike(bias)));
          await loadWeights(unet, `${folder}/${name}`);
          assertEquals([...await bias.data()], [0.625], name);
        }
        await assertRejects(() => loadWeights(unet, `${folder}/both.pt`), UserError, '"ema"');
        await assertRejects(() => loadWeights(unet, `${folder}/whole.pt`), UserError, "unet.UNet");
      })
    ),
});

/** Finds a Python with PyTorch and safetensors: the one that PYTHON names, or python3. */
async function findPyTorch(): Promise<{ command?: string; reason: string }> {
  const granted = (["run", "env", "read", "write"] as const)
    .every((name) => Deno.permissions.querySync({ name }).state === "granted");
  if (!granted) return { reason: " (needs --allow-all)" };
  const command = Deno.env.get("PYTHON") ?? "python3";
  const args = ["-c", "import torch, safetensors, scipy"];
  const found = await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()
    .catch(() => null);
  return found?.success
    ? { command, reason: "" }
    : { reason: " (no Python with torch, safetensors and scipy)" };
}
