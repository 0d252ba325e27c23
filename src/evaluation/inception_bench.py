"""How fast torch-fidelity's own Inception is: reads "go" lines, answers each with wall and CPU seconds of one batch (pip: torch, torch-fidelity)."""
import sys
import time

import torch
import torch_fidelity.feature_extractor_inceptionv3 as fidelity


class Random(fidelity.FeatureExtractorInceptionV3):
    """With whatever weights it is initialized: the speed does not depend on them."""

    def load_state_dict(self, *_args, **_kwargs):
        return None


threads, batch = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
fidelity.load_state_dict_from_url = lambda *args, **kwargs: {}
network = Random("inception-v3-compat", ["2048", "logits_unbiased"])
images = torch.randint(0, 256, (batch, 3, 32, 32), dtype=torch.uint8)
with torch.no_grad():
    network(images)
    print("ready", flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        network(images)
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)
