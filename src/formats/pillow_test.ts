/** Our pixels must equal Pillow's to the byte, for images made by Pillow. */
import { assertEquals } from "@std/assert";
import { decodeImage } from "./images.ts";

interface Case {
  file: string;
  raw: string;
  what: string;
  width: number;
  height: number;
  channels: number;
}

/** A Python that has Pillow with WebP: the one named by PYTHON, or python3. */
function findPillow(): { command?: string; reason: string } {
  const granted = (["run", "env", "read", "write"] as const)
    .every((name) => Deno.permissions.querySync({ name }).state === "granted");
  if (!granted) return { reason: " (needs --allow-all)" };
  const command = Deno.env.get("PYTHON") ?? "python3";
  const script =
    "from PIL import features\nassert features.check('webp') and features.check('jpg')";
  try {
    const { success } = new Deno.Command(command, { args: ["-c", script], stderr: "null" })
      .outputSync();
    if (success) return { command, reason: "" };
  } catch {
    // No such program.
  }
  return { reason: " (no Python with Pillow, in $PYTHON or as python3)" };
}

const pillow = findPillow();

Deno.test({
  name:
    `200 JPEG, 60 WebP, 40 PNG, 40 PGM and PPM images: the pixels equal Pillow's${pillow.reason}`,
  ignore: !pillow.command,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const seed = Deno.env.get("PILLOW_SEED") ??
        `${crypto.getRandomValues(new Uint32Array(1))[0]}`;
      console.log(`PILLOW_SEED=${seed}`);
      const script = new URL("./pillow.py", import.meta.url).pathname;
      const { success, stderr } = await new Deno.Command(pillow.command!, {
        args: [script, folder, seed],
      }).output();
      assertEquals(success, true, new TextDecoder().decode(stderr));
      const cases: Case[] = JSON.parse(await Deno.readTextFile(`${folder}/index.json`));
      assertEquals(cases.length, 340);
      for (const { file, raw, what, width, height, channels } of cases) {
        const image = decodeImage(await Deno.readFile(`${folder}/${file}`), file);
        const message = `PILLOW_SEED=${seed}, ${file}: ${what}`;
        assertEquals(
          [image.width, image.height, image.channels],
          [width, height, channels],
          message,
        );
        assertEquals(image.data, await Deno.readFile(`${folder}/${raw}`), message);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
