"""Times the PyTorch peer's sampling: img/s of the published loop, upright and turned by scipy, and of DDIM.

usage: python sample.py [--threads 2] [--batch 64] [--variant D] [--device cpu] [--repeats 5] [--size 32]
       [--precision float32]
Needs torch, numpy, scipy (pip). Prints one JSON line: images a second were all steps like those that are timed,
of which the best counts.
"""
import argparse
import json
import time

import scipy.ndimage
import torch

from unet import UNet

STEPS, DDIM_STEPS, DEGREES = 1000, 50, 45

a = argparse.ArgumentParser()
a.add_argument("--threads", type=int, default=2)
a.add_argument("--batch", type=int, default=64)
a.add_argument("--variant", default="D")
a.add_argument("--device", default="cpu")
a.add_argument("--repeats", type=int, default=5)
a.add_argument("--size", type=int, default=32)
a.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
o = a.parse_args()
torch.set_num_threads(o.threads)
torch.manual_seed(0)
net = UNet(o.variant, width=o.size).to(o.device).eval()
beta = torch.linspace(1e-4, 0.02, STEPS, device=o.device)
alpha = 1 - beta
alpha_bar = torch.cumprod(alpha, 0)


def predict(x, i):
    t = torch.full((o.batch,), i, device=o.device)
    with torch.autocast(o.device, torch.bfloat16, enabled=o.precision == "bfloat16"):
        return net(x, t).float()


def ancestral(x, i):
    noise = torch.randn_like(x)
    x = (x - (1 - alpha[i]) / torch.sqrt(1 - alpha_bar[i]) * predict(x, i)) / torch.sqrt(alpha[i])
    return x + torch.sqrt(beta[i]) * noise


def turned(x, i):
    x = ancestral(x, i).cpu().numpy()
    x = scipy.ndimage.rotate(x, DEGREES / STEPS, axes=(2, 3), order=3, mode="grid-wrap", reshape=False)
    return torch.from_numpy(x).to(o.device)


def ddim(x, i):
    noise, j = predict(x, i), max(i - STEPS // DDIM_STEPS, 0)
    image = (x - torch.sqrt(1 - alpha_bar[i]) * noise) / torch.sqrt(alpha_bar[i])
    return torch.sqrt(alpha_bar[j]) * image + torch.sqrt(1 - alpha_bar[j]) * noise


images = {}
with torch.no_grad():
    for name, step, steps in ("ancestral", ancestral, STEPS - 1), ("turned", turned, STEPS - 1), ("ddim", ddim, DDIM_STEPS):
        x = torch.randn(o.batch, 3, o.size, o.size, device=o.device)
        wall = cpu = float("inf")
        for k in range(-2, o.repeats):
            s, c = time.perf_counter(), time.process_time()
            x = step(x, STEPS - 1 - (k + 2))
            x[0, 0, 0, 0].item()  # waits for the device
            if k >= 0:
                wall, cpu = min(wall, time.perf_counter() - s), min(cpu, time.process_time() - c)
        images[name] = {"wall": o.batch / (wall * steps), "cpu": o.batch / (cpu * steps)}
print(json.dumps({"variant": o.variant, "images": images, "torch": torch.__version__, "device": o.device}))
