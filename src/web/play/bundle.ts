/** The worker's program: all modules that drawing needs, bundled for the browser. */
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../../messages/errors.ts";

const folder = fromFileUrl(new URL(".", import.meta.url));

/**
 * Bundles the worker with `deno bundle`, which takes a second or two. The first use fetches esbuild
 * from npm.
 *
 * @throws UserError with Deno's message if it fails
 */
export async function workerProgram(): Promise<Uint8Array<ArrayBuffer>> {
  const scratch = Deno.makeTempDirSync();
  try {
    const output = join(scratch, "worker.js");
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--no-lock",
        "--platform",
        "browser",
        "--minify",
        // Otherwise errors would call kernels `$l`.
        "--keep-names",
        "--import-map",
        join(folder, "imports.json"),
        "--output",
        output,
        join(folder, "worker.ts"),
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      const reason = new TextDecoder().decode(stderr).trim().split("\n").slice(-5).join("\n");
      throw new UserError(`\`deno bundle\` cannot bundle the page's program:\n${reason}`);
    }
    return Deno.readFileSync(output);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

/** The binary of tfjs's WebAssembly backend. */
export function wasmProgram(): Uint8Array<ArrayBuffer> {
  const name = "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm";
  return Deno.readFileSync(fromFileUrl(import.meta.resolve(name)));
}
