import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { filesTest } from "./testing.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));

/** Ways to open or write a file that follow links or reuse an existing file. */
const open = /\b(create|truncate|append): true|Deno\.create\b|writeTextFile|Deno\.writeFile/;

/** Developer tools that write the project's own files. */
const exempt = ["src/spec/json_schema.ts"];

function sources(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return sources(path);
    const isProgram = name.endsWith(".ts") &&
      !/(_test|_nightly|_bench|testing|forging|killing)\.ts$/.test(name);
    return isProgram ? [path] : [];
  });
}

filesTest("only src/files creates files, except with createNew", () => {
  const found = ["src", "kernels"].flatMap(sources).filter((path) =>
    !path.startsWith("src/files/") && !exempt.includes(path)
  ).flatMap((path) =>
    Deno.readTextFileSync(join(root, path)).split("\n").flatMap((line, i) =>
      open.test(line) && !line.includes("createNew: true")
        ? [`${path}:${i + 1}: ${line.trim()}`]
        : []
    )
  );
  assertEquals(found, [], "use writeFileAtomic, writeNew, openAppend or createTemporary");
});
