/** `deno task serve`: a local web page about the runs in a folder. */
import { UserError } from "../messages/errors.ts";
import { line, print } from "../messages/terminal.ts";
import { defaultFolder } from "./folders.ts";
import { parseOptions } from "./options.ts";

/** What `--help` prints. */
export const help = `Show the runs in a folder live in a browser: running runs, sweeps, and finished
bundles, also side by side. serve only reads the folder, so it also shows the runs of
other processes and machines.

Usage: deno task serve [OUT] [--port N] [--host ADDRESS]

  OUT             a folder of runs (default: out)

Options:
  --port N        the port to listen on (default: 8017; 0: any free port)
  --host ADDRESS  listen on another address than 127.0.0.1, for other machines; the
                  printed address then contains a token that is required

Examples:
  deno task serve
  deno task serve /shared/out --host 0.0.0.0 --port 8080`;

/** Serves until the process ends. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["port", "host"]);
  if (words.length > 1) {
    throw new UserError(`serve takes one folder; got ${words.length}\n\n${help}`);
  }
  const out = words[0] ?? defaultFolder("out");
  const hostname = values.host ?? "127.0.0.1";
  const { listen } = await import("../web/serve/listen.ts");
  const server = listen(out, { hostname, port: parsePort(values.port ?? "8017") });
  print(line`serving ${out}: ${server.address}`);
  print("Ctrl-C stops the server; runs are not affected");
  await server.finished;
  return 0;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new UserError(`--port must be a whole number from 0 to 65535, not ${JSON.stringify(text)}`);
}
