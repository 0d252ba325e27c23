import { assertEquals } from "@std/assert";
import { foreignContent } from "./content.ts";
import legacy from "./fixtures/legacy.pt" with { type: "bytes" };
import npz from "./fixtures/plain.npz" with { type: "bytes" };
import torch from "./fixtures/zip.pt" with { type: "bytes" };
import pickled from "./fixtures/cifar_python3.pkl" with { type: "bytes" };

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

Deno.test("unsupported files are named by their content", () => {
  const known: [string, Uint8Array][] = [
    ["a web page", latin1("\n  <!DOCTYPE html>\n<html lang=en>")],
    ["a web page", latin1("\xef\xbb\xbf<HTML>")],
    ["a web page", latin1("<!-- saved --><head>")],
    ["a web page", latin1('<?xml version="1.0"?><Error><Code>AccessDenied</Code>')],
    ["a PyTorch file", torch],
    ["a PyTorch file", legacy],
    ["a Python pickle", pickled],
    ["an HDF5 file", latin1("\x89HDF\r\n\x1a\n")],
    ["a MATLAB file", latin1("MATLAB 5.0 MAT-file, Platform: GLNXA64")],
    ["a single NumPy array", latin1("\x93NUMPY\x01\0")],
    ["an Arrow file", latin1("ARROW1\0\0")],
    ["a pointer of Git LFS, not the file itself", latin1("version https://git-lfs.github.com/s")],
    ["an archive", latin1("PK\x03\x04" + "\0".repeat(30))],
    ["an archive", latin1("7z\xbc\xaf\x27\x1c")],
    ["an archive", latin1("\0".repeat(257) + "ustar")],
    ["a compressed file", latin1("\xfd7zXZ\0")],
    ["a GIF image", latin1("GIF89a")],
    ["an AVIF image", latin1("\0\0\0\x20ftypavif")],
    ["a HEIC image", latin1("\0\0\0\x20ftypheic")],
  ];
  for (const [what, bytes] of known) assertEquals(foreignContent(bytes)?.what, what);
  for (const text of ["", "<5,3>", "7,0,0,0", "XML is not <html>"]) {
    assertEquals(foreignContent(latin1(text)), null, text);
  }
  // `npy.ts` reads `.npz`, and is tried before.
  assertEquals(foreignContent(npz)?.what, "an archive");
});
