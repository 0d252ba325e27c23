"""Golden values for the project's tests, made with PyTorch, SciPy and torch-fidelity.

usage: python make_golden.py OUT_DIR
Writes OUT_DIR/golden.safetensors (tensors named CASE/NAME) and OUT_DIR/cases.json (what each case is), see README.md.
"""
import argparse
import json
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from scipy import ndimage

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "benchmarks"))
import unet as peer  # noqa: E402

CUTOFF = math.pi / 2


def uniform(stream, n):
    """n reproducible numbers in [-1, 1): lowbias32(stream * 0x9E3779B1 + i) / 2^31 - 1, all integers modulo 2^32; float64."""
    with np.errstate(over="ignore"):
        h = np.uint32(stream & 0xFFFFFFFF) * np.uint32(0x9E3779B1) + np.arange(n, dtype=np.uint32)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x7FEB352D)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x846CA68B)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def fill(state):
    """Weights by formula. Parameter p of the ordered state dict, u = uniform(p, size) in row-major order of its PyTorch shape:
    rank >= 2: u * sqrt(3 / (size / shape[0])); rank 1 'weight': 1 + 0.1 u; 'running_var': 1 + 0.5 |u|; all else of rank 1: 0.1 u; integers: 0."""
    out = {}
    for p, (name, v) in enumerate(state.items()):
        if not v.is_floating_point():
            out[name] = torch.zeros_like(v)
            continue
        u = uniform(p, v.numel()).reshape(tuple(v.shape))
        if v.ndim >= 2:
            u = u * math.sqrt(3 / (v.numel() / v.shape[0]))
        elif name.endswith("running_var"):
            u = 1 + 0.5 * abs(u)
        elif name.endswith("weight"):
            u = 1 + 0.1 * u
        else:
            u = 0.1 * u
        out[name] = torch.tensor(u, dtype=torch.float32)
    return out


def image(stream, shape):
    return torch.tensor(uniform(stream, int(np.prod(shape))).reshape(shape), dtype=torch.float32)


class Golden:
    def __init__(self):
        self.tensors, self.cases = {}, []

    def add(self, case, kind, params=None, tolerance=1e-5, values=None, **tensors):
        for k, v in tensors.items():
            v = v.detach().numpy() if isinstance(v, torch.Tensor) else np.asarray(v)
            self.tensors[f"{case}/{k}"] = np.ascontiguousarray(v)
        row = {"case": case, "kind": kind, "params": params or {}, "tolerance": tolerance, "tensors": list(tensors)}
        if values:
            row["values"] = values
        self.cases.append(row)

    def write(self, out):
        out.mkdir(parents=True, exist_ok=True)
        save_file(self.tensors, str(out / "golden.safetensors"))
        (out / "cases.json").write_text(json.dumps(self.cases, indent=1) + "\n")


def filters(g, designs, size_in):
    for size, beta, normalized, cutoff in designs:
        tag = f"s{size}_b{beta}_{'n' if normalized else 'raw'}_c{cutoff:.3f}"
        p = {"size": size, "beta": beta, "normalized": normalized, "cutoff": cutoff}
        k = peer.lowpass(size, beta, normalized, cutoff)
        padded = np.zeros((64, 64))
        padded[:size, :size] = k
        g.add(f"lowpass_{tag}", "lowpass", p, 1e-12, kernel=k, response=np.abs(np.fft.fftshift(np.fft.fft2(padded))))
        kt = torch.tensor(k, dtype=torch.float32)
        for kind, f in (("filtered_down", peer.filtered_down), ("filtered_up", peer.filtered_up),
                        ("alias_free_gelu", lambda x, k: peer.filtered_down(F.gelu(peer.filtered_up(x, k)), k))):
            x = image(1000 + size, (2, 3, *size_in)).requires_grad_()
            y = f(x, kt)
            up = image(2000 + size, tuple(y.shape))
            y.backward(up)
            g.add(f"{kind}_{tag}", kind, p, 2e-6, x=x, y=y, grad_y=up, grad_x=x.grad)
    up, down = peer.lowpass(3, 2.0, True, CUTOFF), peer.lowpass(5, 1.0, True, 1.0)
    x = image(3000, (2, 3, *size_in)).requires_grad_()
    y = peer.filtered_down(F.gelu(peer.filtered_up(x, torch.tensor(up, dtype=torch.float32))), torch.tensor(down, dtype=torch.float32))
    grad_y = image(3001, tuple(y.shape))
    y.backward(grad_y)
    g.add("alias_free_gelu_two_filters", "alias_free_gelu", {"up": {"size": 3, "beta": 2.0, "normalized": True, "cutoff": CUTOFF},
                                                           "down": {"size": 5, "beta": 1.0, "normalized": True, "cutoff": 1.0}},
          2e-6, x=x, y=y, grad_y=grad_y, grad_x=x.grad)
    for n, beta in ((3, 2.0), (6, 14.0), (7, 0.0), (12, 5.5)):
        g.add(f"kaiser_{n}_{beta}", "kaiser", {"size": n, "beta": beta}, 1e-13, window=np.kaiser(n, beta))


def layers(g):
    a = peer.SelfAttention(32)
    a.load_state_dict(fill(a.state_dict()))
    x = image(31, (2, 32, 8, 8)).requires_grad_()
    y = a(x)
    up = image(32, tuple(y.shape))
    y.backward(up)
    g.add("self_attention_32", "self_attention", {"channels": 32, "heads": 4}, 2e-5, x=x, y=y, grad_y=up, grad_x=x.grad)
    for kind in ("plain", "filtered"):
        for residual in (False, True):
            k = peer.lowpass()
            d = peer.PlainDoubleConv(8, 8, 4, residual) if kind == "plain" else peer.FilteredDoubleConv(8, 8, k, 4, residual)
            d.load_state_dict(fill(d.state_dict()))
            x = image(41, (2, 8, 16, 16))
            g.add(f"double_conv_{kind}_{'res' if residual else 'seq'}", "double_conv",
                  {"in": 8, "mid": 4, "out": 8, "filtered": kind == "filtered", "residual": residual, "size": 3, "beta": 2.0, "normalized": True},
                  1e-5, x=x, y=d(x))


def unets(g, rows):
    for variant, channels, width, size, beta, normalized, classes in rows:
        tag = f"{variant}_{channels}ch_{width}px_s{size}_b{beta}_{'n' if normalized else 'raw'}{'_cond' if classes else ''}"
        p = {"variant": variant, "channels": channels, "image_size": width, "size": size, "beta": beta, "normalized": normalized, "classes": classes}
        net = peer.UNet(variant, channels, width, peer.lowpass(size, beta, normalized), classes)
        net.load_state_dict(fill(net.state_dict()))
        x, noise = image(51, (2, channels, width, width)), image(52, (2, channels, width, width))
        t = torch.tensor([1, 500])
        label = torch.tensor([0, classes - 1]) if classes else None
        y = net(x, t, label)
        names = [n for n, _ in net.named_parameters()]
        opt = torch.optim.AdamW(net.parameters(), lr=3e-4)
        losses = []
        for step in range(3):
            loss = F.mse_loss(net(x, t, label), noise)
            opt.zero_grad()
            loss.backward()
            if step == 0:
                grads = [float(q.grad.norm()) if q.grad is not None else 0.0 for q in net.parameters()]
            opt.step()
            losses.append(float(loss.detach()))
        g.add(f"unet_{tag}", "unet", p, 1e-4, x=x, t=t.numpy().astype(np.int32), y=y, noise=noise, losses=np.array(losses),
              grad_norms=np.array(grads), norms_after_3_steps=np.array([float(q.detach().norm()) for q in net.parameters()]),
              **({"label": label.numpy().astype(np.int32)} if classes else {}),
              values={"parameters": sum(q.numel() for q in net.parameters()),
                      "state": [[n, list(v.shape)] for n, v in net.state_dict().items()], "trained": names})


def diffusion(g, angles, shifts):
    beta = torch.linspace(1e-4, 0.02, 1000)
    alpha = 1 - beta
    hat = torch.cumprod(alpha, 0)
    g.add("schedule_linear", "schedule", {"steps": 1000, "start": 1e-4, "end": 0.02}, 1e-6, beta=beta, alpha_hat=hat)
    x, e, z = (image(s, (3, 3, 16, 16)) for s in (61, 62, 63))
    t = torch.tensor([1, 400, 999])
    g.add("noising", "noising", {}, 1e-5, x=x, noise=e, t=t.numpy().astype(np.int32),
          y=hat[t].sqrt()[:, None, None, None] * x + (1 - hat[t]).sqrt()[:, None, None, None] * e)
    for i in (999, 500, 2, 1):
        y = 1 / alpha[i].sqrt() * (x - (1 - alpha[i]) / (1 - hat[i]).sqrt() * e) + (beta[i].sqrt() * z if i > 1 else 0)
        g.add(f"ancestral_step_{i}", "ancestral_step", {"t": i}, 1e-5, x=x, predicted_noise=e, noise=z, y=y)
    img = image(71, (2, 3, 32, 32)).numpy()
    for a in angles:
        g.add(f"rotate_{a}", "rotate", {"degrees": a, "order": 3, "mode": "grid-wrap", "axes": "height, width"}, 1e-5, x=img,
              y=ndimage.rotate(img, a, axes=(2, 3), reshape=False, mode="grid-wrap"))
    for columns, rows in shifts:
        g.add(f"shift_{columns}_{rows}", "shift", {"columns": columns, "rows": rows}, 1e-5, x=img,
              y=ndimage.shift(img, (0, 0, rows, columns), mode="grid-wrap"))


def resizing(g):
    x = image(75, (2, 1, 28, 28))
    g.add("resize_28_32", "resize", {"from": 28, "to": 32}, 1e-5, x=x, y=F.interpolate(x, (32, 32), mode="bilinear", align_corners=False, antialias=True))
    x = image(76, (1, 3, 40, 48))
    g.add("resize_40x48_32", "resize", {"from": [40, 48], "to": [32, 32]}, 1e-5, x=x,
          y=F.interpolate(x, (32, 32), mode="bilinear", align_corners=False, antialias=True))


def metrics(g, n):
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    a = torch.tensor(uniform(81, n * 64).reshape(n, 64))
    b = torch.tensor((uniform(82, n * 64).reshape(n, 64) * 1.2 + 0.1))
    logits = torch.tensor(uniform(83, n * 10).reshape(n, 10) * 4)
    fid = fid_statistics_to_metric(fid_features_to_statistics(a), fid_features_to_statistics(b), False)
    kid = kid_features_to_metric(a, b, kid_subsets=10, kid_subset_size=100, kid_degree=3, kid_gamma=None, kid_coef0=1, rng_seed=2020, verbose=False)
    isc = isc_features_to_metric(logits, splits=10, shuffle=True, rng_seed=2020)
    full = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=n, kid_degree=3, kid_gamma=None, kid_coef0=1, rng_seed=2020, verbose=False)
    plain = isc_features_to_metric(logits, splits=10, shuffle=False, rng_seed=2020)
    exact = {"kernel_inception_distance_all_rows": float(full["kernel_inception_distance_mean"]),
             "inception_score_mean_unshuffled": float(plain["inception_score_mean"]), "inception_score_std_unshuffled": float(plain["inception_score_std"])}

    def num(d):
        return {k: float(v) for k, v in d.items()}

    g.add("metrics", "metrics", {"kid_subsets": 10, "kid_subset_size": 100, "kid_degree": 3, "kid_coef0": 1, "splits": 10, "rng_seed": 2020}, 1e-6,
          a=a, b=b, logits=logits, values={**num(fid), **exact, **num(kid), **num(isc)})


def inception(g):
    """The FID Inception of torch-fidelity, its download replaced by weights from the formula."""
    import torch_fidelity.feature_extractor_inceptionv3 as fidelity

    class Formula(fidelity.FeatureExtractorInceptionV3):
        def load_state_dict(self, _, *args, **kwargs):
            return super().load_state_dict(fill(self.state_dict()), *args, **kwargs)

    fidelity.load_state_dict_from_url = lambda *args, **kwargs: {}
    net = Formula("inception-v3-compat", ["2048", "logits_unbiased"])
    x = torch.tensor(((uniform(91, 4 * 3 * 32 * 32) + 1) * 127.99).reshape(4, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad():
        features, logits = net(x)
    g.add("inception", "inception", {"weights": "by the formula, in the order of `state`"}, 1e-3, x=x, features=features, logits=logits,
          values={"state": [[n, list(v.shape)] for n, v in net.state_dict().items()]})


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out", type=pathlib.Path)
    o = a.parse_args()
    torch.set_num_threads(1)
    g = Golden()
    filters(g, [(3, 2.0, True, CUTOFF), (3, 0.0, False, CUTOFF), (3, 1.0, True, CUTOFF), (6, 2.0, True, CUTOFF), (6, 14.0, True, math.pi), (5, 1.0, False, 1.0)], (8, 8))
    layers(g)
    unets(g, [(v, 3, 32, 3, 2.0, True, None) for v in "ABCD5"] + [("D", 1, 32, 3, 1.0, False, None), ("B", 3, 16, 6, 2.0, True, 10)])
    diffusion(g, [0.045, -0.09, 30.0, 45.0, -90.0, 180.0], [(1, 0), (-3, 0), (0.5, 0), (0, 2), (-1.25, 0.75)])
    resizing(g)
    metrics(g, 500)
    inception(g)
    net = peer.UNet("D", 1, 8)
    net.load_state_dict(fill(net.state_dict()))
    o.out.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), o.out / "d_1ch_8px.pt")
    g.write(o.out)
    print(len(g.cases), "cases", sum(v.nbytes for v in g.tensors.values()) // 1024, "KiB")


if __name__ == "__main__":
    main()
