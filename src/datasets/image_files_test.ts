/** Unused parts of image files are reported; forms of JPEG; the order of images under a limit. */
import { assert, assertEquals } from "@std/assert";
import { PNG } from "pngjs";
import { decodePng } from "../formats/png.ts";
import { filesTest } from "../files/testing.ts";
import photo from "./fixtures/photo32.jpg" with { type: "bytes" };
import photoAsPillow from "./fixtures/photo32.png" with { type: "bytes" };
import rgbApp14 from "./fixtures/rgb-app14.jpg" with { type: "bytes" };
import { colourPng, each, jpegFile, reads, upTo, writeFiles } from "./layouts_testing.ts";
import { loadDataset } from "./mod.ts";
import { unusedParts } from "./unused_parts.ts";

/** The pixels that the public loader returns for one file, at 32 pixels. */
async function pixelsOf(folder: string, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  writeFiles(folder, { [name]: bytes });
  const { images } = await loadDataset({
    dataset: "folder",
    imageSize: 32,
    channels: 3,
    data: { limit: null, digest: null, fit: "crop", path: `${folder}/${name}` },
  }, { dataRoot: `${folder}/data` });
  return images;
}

filesTest(
  "JPEG: RGB without YCbCr, chroma at half size, a video after the end",
  async (folder) => {
    const rgb = await pixelsOf(folder, "rgb/x.jpg", rgbApp14);
    const at = (x: number, y: number) => [...rgb.subarray(3 * (32 * y + x), 3 * (32 * y + x) + 3)];
    const near = (x: number, y: number, ...colour: number[]) =>
      assert(at(x, y).every((value, c) => Math.abs(value - (colour[c] ?? 0)) < 9), `${at(x, y)}`);
    near(8, 8, 220, 20, 20);
    near(24, 8, 20, 180, 20);
    near(8, 24, 20, 20, 220);
    near(0, 0, 200, 200, 200);

    const wanted = decodePng(photoAsPillow, "photo32.png").data;
    const found = await pixelsOf(folder, "photo/x.jpg", photo);
    const worst = Math.max(...found.map((value, i) => Math.abs(value - (wanted[i] ?? 0))));
    assert(worst <= 3, `${worst}`);

    const video = new TextEncoder().encode("\0\0\0\x18ftypmp42" + "moov".repeat(1000));
    const motion = Uint8Array.from([...photo, ...video, 0xff, 0xd9, 0xff, 0xd8, ...video]);
    assertEquals(await pixelsOf(folder, "motion/x.jpg", motion), found);
  },
);

/** A JPEG file with an EXIF orientation, in either byte order. */
function orientedJpeg(orientation: number, little: boolean): Uint8Array {
  const u16 = (value: number) => little ? [value & 255, value >> 8] : [value >> 8, value & 255];
  const u32 = (value: number) => little ? [...u16(value), 0, 0] : [0, 0, ...u16(value)];
  const start = [...new TextEncoder().encode(little ? "II" : "MM"), ...u16(42), ...u32(8)];
  const entry = [...u16(0x0112), ...u16(3), ...u32(1), ...u16(orientation), 0, 0];
  const tiff = [...start, ...u16(1), ...entry, ...u32(0)];
  const exif = [...new TextEncoder().encode("Exif\0\0"), ...tiff];
  const segment = [0xff, 0xe1, 0, exif.length + 2, ...exif];
  return Uint8Array.from([...jpegFile.subarray(0, 2), ...segment, ...jpegFile.subarray(2)]);
}

const transparent = PNG.sync.write(new PNG({ width: 8, height: 8 }));

reads("transparency and EXIF orientations are reported", {
  dataset: "folder",
  files: {
    "0.png": transparent,
    "1.png": colourPng(1),
    "2.jpg": orientedJpeg(6, true),
    "3.jpg": orientedJpeg(8, false),
    "4.jpg": orientedJpeg(1, true),
  },
}, {
  count: 5,
  labels: null,
  notes: [
    "transparency: 1 image has an alpha channel",
    "orientation: 2 images have an EXIF orientation, which is not applied",
  ],
});

Deno.test("unusedParts does not fail on truncated files", () => {
  for (const file of [transparent, orientedJpeg(6, true), orientedJpeg(6, false), photo]) {
    for (let length = 0; length < Math.min(file.length, 300); length++) {
      unusedParts(file.subarray(0, length));
    }
  }
});

reads("a limit that would leave out classes takes an image of each in turn", {
  dataset: "folder",
  limit: 5,
  files: each(
    ["ant", "bee", "cat"],
    (name, c) => each(upTo(3), (i) => ({ [`train/${name}/${i}.png`]: colourPng(3 * c + i) })),
  ),
}, {
  count: 5,
  labels: [0, 1, 2, 0, 1],
  colours: [0, 3, 6, 1, 4],
  notes: ["one image of each class in turn", "would leave out cat", "the first 5 of 9 images"],
});

reads("a limit that leaves out no class does not change the order", {
  dataset: "folder",
  limit: 8,
  files: each(
    ["ant", "bee", "cat"],
    (name, c) => each(upTo(3), (i) => ({ [`train/${name}/${i}.png`]: colourPng(3 * c + i) })),
  ),
}, { count: 8, labels: [0, 0, 0, 1, 1, 1, 2, 2], colours: upTo(8) });
