import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UserError } from "../messages/errors.ts";
import { encodePng } from "../formats/png.ts";
import { imagesInFolder } from "./folder.ts";

const granted = (...names: string[]) =>
  names.every((name) =>
    Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
  );

Deno.test({
  name: "a folder's images are read in the order of their names, and other files are skipped " +
    "(needs --allow-read --allow-write)",
  ignore: !granted("read", "write"),
  async fn() {
    const folder = Deno.makeTempDirSync();
    const png = (value: number) =>
      encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(value) });
    Deno.mkdirSync(join(folder, "b"));
    Deno.writeFileSync(join(folder, "b", "1.png"), png(7));
    Deno.writeFileSync(join(folder, "a.PNG"), png(5));
    Deno.writeTextFileSync(join(folder, "notes.txt"), "no image");
    Deno.writeFileSync(join(folder, "c"), png(9));
    Deno.writeFileSync(join(folder, "d.png.part"), png(9));
    const source = await imagesInFolder(folder);
    assertEquals([source.count, ...[0, 1, 2].map((i) => source.read(i).data[0])], [3, 5, 7, 9]);
    assertEquals(source.notes, [
      `${folder}: not used: 2 files (d.png.part, notes.txt): no images`,
    ]);
    Deno.writeFileSync(join(folder, "a.PNG"), png(200).subarray(0, 20));
    assertNotEquals((await imagesInFolder(folder)).digest, source.digest);
    const bad = join(folder, "b", "bad.png");
    Deno.writeTextFileSync(bad, "no image");
    await assertRejects(
      () => imagesInFolder(folder),
      UserError,
      `${bad}: this is not an image; supported are PNG, JPEG, WebP, PGM and PPM`,
    );
    Deno.removeSync(folder, { recursive: true });
  },
});
