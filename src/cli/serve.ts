/** `deno task serve`: a local web page for everything under a folder. */
import { UserError } from "../messages/errors.ts";
import { line, print } from "../messages/terminal.ts";
import { defaultFolder } from "./folders.ts";
import { parseOptions } from "./options.ts";

/** What `--help` prints. */
export const help =
  `Shows the runs of a folder in a browser: those at work as they go on, sweeps, finished bundles,
several side by side. It reads the folder only, and shows what other processes and machines do there.

Usage: deno task serve [OUT] [--port N] [--host ADDRESS]

  OUT             a folder with runs in it (default: out)
  --port N        where it listens (default: 8017; 0: any free one)
  --host ADDRESS  listen on another address than 127.0.0.1, for other machines; the address that is
                  printed then holds a token, without which nothing is shown

Examples:
  deno task serve
  deno task serve /shared/out --host 0.0.0.0 --port 8080`;

/** Serves until it is ended. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = parseOptions(args, ["port", "host"]);
  if (words.length > 1) {
    throw new UserError(`serve takes one folder; got ${words.length}\n\n${help}`);
  }
  const out = words[0] ?? defaultFolder("out");
  const hostname = values.host ?? "127.0.0.1";
  const { listen } = await import("../web/serve/listen.ts");
  const server = listen(out, { hostname, port: portOf(values.port ?? "8017") });
  print(line`serving ${out}: ${server.address}`);
  print("Ctrl-C ends it; the runs go on");
  await server.finished;
  return 0;
}

function portOf(said: string): number {
  const port = Number(said);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new UserError(`--port takes a whole number from 0 to 65535, not ${JSON.stringify(said)}`);
}
