/** Starts the server. */
import { UserError } from "../../messages/errors.ts";
import { explainInputError } from "../../formats/input.ts";
import { serveFolder } from "./folder.ts";
import { accessTo, textResponse } from "./guard.ts";
import { serveHandler } from "./server.ts";

/** A running server. */
export interface RunningServer {
  /** The address to open in a browser, with the token if one is needed. */
  address: string;
  /** Resolves when the server has stopped. */
  finished: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Serves a folder.
 *
 * @throws UserError if there is no such folder, or the address or port is not available
 */
export function listen(
  out: string,
  { hostname, port }: { hostname: string; port: number },
): RunningServer {
  try {
    if (!Deno.statSync(out).isDirectory) throw new UserError(`${out}: not a folder`);
  } catch (error) {
    throw explainInputError(error, out);
  }
  const folder = serveFolder(out);
  // The handler needs the port, which is known only once the server listens.
  let handler: (request: Request) => Response | Promise<Response> = () =>
    textResponse(503, "starting");
  const server = start(hostname, port, (request) => handler(request));
  const access = accessTo(hostname, server.addr.port);
  handler = serveHandler(folder, access);
  const token = access.token === null ? "" : `?token=${access.token}`;
  const name = hostname === "0.0.0.0" ? Deno.hostname() : hostname;
  return {
    address: `http://${name}:${access.port}/${token}`,
    finished: server.finished,
    stop: () => server.shutdown(),
  };
}

function start(
  hostname: string,
  port: number,
  handler: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UserError(`port ${port} is in use; choose another one, or any free one: --port 0`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new UserError(
        `--host ${hostname} is not an address of this machine; 0.0.0.0 is all of them`,
      );
    }
    throw error;
  }
}
