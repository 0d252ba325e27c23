"""Makes images with Pillow, and the pixels that Pillow reads from them, for pillow_test.ts.

Usage: pillow.py FOLDER SEED. Writes N.EXT, N.raw (the pixels) and index.json.
"""

import io
import json
import math
import random
import sys

from PIL import Image

folder, seed = sys.argv[1], int(sys.argv[2])
rng = random.Random(seed)
sides = [1, 2, 3, 7, 8, 9, 15, 16, 17, 28, 31, 32, 33, 47, 64, 65, 97]
index = []


def picture(width, height, channels):
    """Waves with noise."""
    noise = rng.choice([0, 5, 40])
    a, b = rng.uniform(2, 9), rng.uniform(2, 9)
    data = bytes(
        max(0, min(255, int(127 + 100 * math.sin(x / (a + c) + y / (b + c)) + rng.gauss(0, noise))))
        for y in range(height) for x in range(width) for c in range(channels)
    )
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return Image.frombytes(mode, (width, height), data)


def keep(content, extension, what):
    """Writes a file and its pixels."""
    name = str(len(index))
    with open(f"{folder}/{name}.{extension}", "wb") as file:
        file.write(content)
    image = Image.open(io.BytesIO(content))
    image = image.convert("L" if image.mode in ("1", "L", "LA") else "RGB")
    with open(f"{folder}/{name}.raw", "wb") as file:
        file.write(image.tobytes())
    index.append({
        "file": f"{name}.{extension}", "raw": f"{name}.raw", "what": what,
        "width": image.width, "height": image.height, "channels": len(image.getbands()),
    })


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def resampled(content, factors, width, height):
    """Declares a different block arrangement, for samplings that Pillow does not write."""
    data = bytearray(content)
    frame = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC2))
    data[frame + 5:frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    data[frame + 11] = factors
    return bytes(data)


def padded(content):
    """Adds unused bytes before the end of the image, and a video's bytes after it."""
    junk = bytes(rng.randrange(255) for _ in range(rng.choice([1, 30])))
    return content[:-2] + junk + content[-2:] + b"\0\0\0\x18ftypmp42\xff\xda\xff\xc0"


def without_adobe(content):
    """RGB that only the component names identify."""
    at = content.index(b"\xff\xee")
    length = int.from_bytes(content[at + 2:at + 4], "big")
    return content[:at] + content[at + 2 + length:]


for i in range(200):
    options = {
        "quality": rng.choice([1, 10, 30, 50, 75, 85, 95, 100]),
        "progressive": rng.random() < 0.4,
        "optimize": rng.random() < 0.3,
    }
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = rng.choice([1, 2, 5])
    elif rng.random() < 0.2:
        options["restart_marker_rows"] = 1
    width, height = rng.choice(sides), rng.choice(sides)
    kind = rng.choice(["grey", "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "rgb", "rgb by name"])
    what = json.dumps({"kind": kind, **options})
    if kind == "grey":
        keep(saved(picture(width, height, 1), "JPEG", **options), "jpg", what)
    elif kind in ("4:4:4", "4:2:2", "4:2:0"):
        content = saved(picture(width, height, 3), "JPEG", subsampling=kind, **options)
        keep(padded(content) if rng.random() < 0.3 else content, "jpg", what)
    elif kind in ("4:4:0", "4:1:1"):
        across, down = rng.randint(1, 5), rng.randint(1, 5)
        if kind == "4:4:0":
            image = picture(16 * across, 8 * down, 3)
            content = saved(image, "JPEG", subsampling="4:2:2", **options)
            content = resampled(content, 0x12, 8 * across, 16 * down)
        else:
            image = picture(16 * across, 16 * down, 3)
            content = saved(image, "JPEG", subsampling="4:2:0", **options)
            content = resampled(content, 0x41, 32 * across, 8 * down)
        keep(content, "jpg", what)
    else:
        image = picture(width, height, 3)
        content = saved(image, "JPEG", subsampling="4:4:4", keep_rgb=True, **options)
        keep(without_adobe(content) if kind == "rgb by name" else content, "jpg", what)

for i in range(60):
    options = {
        "lossless": rng.random() < 0.5,
        "quality": rng.choice([1, 30, 75, 100]),
        "method": rng.choice([0, 4, 6]),
        "exact": True,
    }
    image = picture(rng.choice(sides), rng.choice(sides), rng.choice([3, 3, 4]))
    keep(saved(image, "WEBP", **options), "webp", json.dumps(options))

for i in range(20):
    image = picture(rng.choice(sides), rng.choice(sides), rng.choice([1, 3]))
    kind = "P5" if image.mode == "L" else "P6"
    most = rng.choice([255, 255, 1, 2, 6, 15, 100, 254])
    samples = [value % (most + 1) for value in image.tobytes()]
    header = f"{kind}\n# made\n{image.width} {image.height}\n{most}\n"
    keep(header.encode() + bytes(samples), "ppm", header)
    plain = header.replace("P5", "P2").replace("P6", "P3")
    keep((plain + " ".join(map(str, samples)) + "\n").encode(), "ppm", plain)

for i in range(40):
    image = picture(rng.choice(sides), rng.choice(sides), rng.choice([1, 3, 4]))
    modes = {"L": ["L", "1", "LA", "P"], "RGB": ["RGB", "P"], "RGBA": ["RGBA", "LA"]}[image.mode]
    mode = rng.choice(modes)
    image = image.quantize(rng.choice([2, 4, 16, 256])) if mode == "P" else image.convert(mode)
    options = {"optimize": rng.random() < 0.5, "compress_level": rng.choice([0, 1, 6, 9])}
    keep(saved(image, "PNG", **options), "png", json.dumps({"mode": mode, **options}))

with open(f"{folder}/index.json", "w") as file:
    json.dump(index, file)
