/**
 * Who may ask the local server for what. A page that a browser has open elsewhere can send requests
 * to this machine, and by DNS rebinding even read the answers; so the Host header must name this
 * server, and where other machines may ask, too, a token must be known.
 */

/** What the server is reachable by. */
export interface Door {
  /** The address that it listens on. */
  hostname: string;
  port: number;
  /** Must be known where the address is not this machine's own; null on 127.0.0.1. */
  token: string | null;
}

/** Sent with every answer. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];
const cookieName = "alias-free-token";

/** A door for an address: one that others reach gets a token that nobody can guess. */
export function doorOf(hostname: string, port: number): Door {
  const isLocal = loopbackNames.includes(hostname) || hostname === "::1";
  const token = isLocal ? null : crypto.getRandomValues(new Uint8Array(24)).toHex();
  return { hostname, port, token };
}

/** Refuses a request, or lets it pass: null. */
export function refusal(request: Request, door: Door): Response | null {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return answer(405, "this server only shows: GET");
  }
  if (door.token === null) {
    return isOwnHost(request, door)
      ? null
      : answer(403, "this server answers to its own name only");
  }
  const url = new URL(request.url);
  const said = url.searchParams.get("token");
  if (said !== null) {
    if (!isSame(said, door.token)) return answer(403, "this is not the token");
    url.searchParams.delete("token");
    // The token leaves the address bar, the history and what is copied from there.
    return new Response(null, {
      status: 303,
      headers: {
        ...safeHeaders,
        Location: `${url.pathname.replace(/^\/+/, "/")}${url.search}`,
        "Set-Cookie": `${cookieName}=${said}; HttpOnly; SameSite=Strict; Path=/`,
      },
    });
  }
  const cookies = (request.headers.get("Cookie") ?? "").split(/; */);
  const known = cookies.find((cookie) => cookie.startsWith(`${cookieName}=`));
  if (known && isSame(known.slice(cookieName.length + 1), door.token)) return null;
  return answer(403, "open the address with the token that the server printed");
}

function isOwnHost(request: Request, { port }: Door): boolean {
  const host = request.headers.get("Host") ?? new URL(request.url).host;
  return loopbackNames.some((name) => host === `${name}:${port}` || (port === 80 && host === name));
}

/** Compares in a time that tells nothing of where the two differ. */
function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** A plain answer. */
export function answer(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...safeHeaders, "Content-Type": "text/plain; charset=utf-8" },
  });
}
