"""Times torch-fidelity's own Inception (pip: torch, torch-fidelity, safetensors).

usage: python inception_bench.py THREADS BATCH FOLDER
Reads weights.safetensors (a state dict) and images.safetensors (uint8, N x 3 x H x W) from FOLDER, writes
outputs.safetensors, and prints "ready". Then it answers each input line with the wall and CPU seconds for all
images, in batches.
"""
import pathlib
import sys
import time

import torch
import torch_fidelity.feature_extractor_inceptionv3 as fidelity
from safetensors.torch import load_file, save_file

threads, batch, folder = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
torch.set_num_threads(threads)
fidelity.load_state_dict_from_url = lambda *args, **kwargs: load_file(folder / "weights.safetensors")
network = fidelity.FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"])
batches = load_file(folder / "images.safetensors")["images"].split(batch)
with torch.no_grad():
    features, logits = zip(*(network(images) for images in batches))
    save_file({"features": torch.cat(features), "logits": torch.cat(logits)}, folder / "outputs.safetensors")
    print("ready", flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        for images in batches:
            network(images)
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
