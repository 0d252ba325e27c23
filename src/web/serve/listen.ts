/** Opening the server's port. */
import { UserError } from "../../messages/errors.ts";
import { explainInputError } from "../../formats/input.ts";
import { serveFolder } from "./folder.ts";
import { answer, doorOf } from "./guard.ts";
import { serveHandler } from "./server.ts";

/** A server that listens. */
export interface Listening {
  /** What a browser opens, with the token where one is needed. */
  address: string;
  /** Is there when the server has ended. */
  finished: Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Listens for requests about a folder.
 *
 * @throws UserError where there is no such folder, or the port cannot be had
 */
export function listen(
  out: string,
  { hostname, port }: { hostname: string; port: number },
): Listening {
  try {
    if (!Deno.statSync(out).isDirectory) throw new UserError(`${out}: not a folder`);
  } catch (error) {
    throw explainInputError(error, out);
  }
  const folder = serveFolder(out);
  // The handler is asked only once the server listens, and so knows its port.
  let handler: (request: Request) => Response | Promise<Response> = () => answer(503, "starting");
  const server = start(hostname, port, (request) => handler(request));
  const door = doorOf(hostname, server.addr.port);
  handler = serveHandler(folder, door);
  const token = door.token === null ? "" : `?token=${door.token}`;
  const name = hostname === "0.0.0.0" ? Deno.hostname() : hostname;
  return {
    address: `http://${name}:${door.port}/${token}`,
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
      throw new UserError(`port ${port} is taken; --port 0 takes a free one`);
    }
    if (error instanceof Deno.errors.AddrNotAvailable || error instanceof TypeError) {
      throw new UserError(`${hostname}: no address of this machine`);
    }
    throw error;
  }
}
