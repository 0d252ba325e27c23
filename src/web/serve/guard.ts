/**
 * Which requests the local server answers. Any web page in a browser can send requests to this
 * machine, and by DNS rebinding even read the responses. So the Host header must name this server;
 * and if other machines can reach it, requests need a token.
 */

/** How the server can be reached. */
export interface Access {
  /** The address that it listens on. */
  hostname: string;
  port: number;
  /** The token that requests need; null if only this machine can reach the server. */
  token: string | null;
}

/** Sent with every response. */
export const safeHeaders: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cache-Control": "no-store",
};

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];
const cookieName = "alias-free-token";

/** The access to an address; with a random token if other machines can reach it. */
export function accessTo(hostname: string, port: number): Access {
  const isLocal = loopbackNames.includes(hostname) || hostname === "::1";
  const token = isLocal ? null : crypto.getRandomValues(new Uint8Array(24)).toHex();
  return { hostname, port, token };
}

/** The response to a request that is refused; null if it is allowed. */
export function refusal(request: Request, access: Access): Response | null {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return textResponse(405, "this server only accepts GET and HEAD requests");
  }
  if (access.token === null) {
    return isOwnHost(request, access)
      ? null
      : textResponse(403, "the Host header does not name this server");
  }
  const url = new URL(request.url);
  const given = url.searchParams.get("token");
  if (given !== null) {
    if (!isSame(given, access.token)) return textResponse(403, "wrong token");
    url.searchParams.delete("token");
    // The redirect removes the token from the address bar and the history.
    return new Response(null, {
      status: 303,
      headers: {
        ...safeHeaders,
        Location: `${url.pathname.replace(/^\/+/, "/")}${url.search}`,
        "Set-Cookie": `${cookieName}=${given}; HttpOnly; SameSite=Strict; Path=/`,
      },
    });
  }
  const cookies = (request.headers.get("Cookie") ?? "").split(/; */);
  const cookie = cookies.find((cookie) => cookie.startsWith(`${cookieName}=`));
  if (cookie && isSame(cookie.slice(cookieName.length + 1), access.token)) return null;
  return textResponse(403, "open the address with the token that the server printed");
}

function isOwnHost(request: Request, { port }: Access): boolean {
  const host = request.headers.get("Host") ?? new URL(request.url).host;
  return loopbackNames.some((name) => host === `${name}:${port}` || (port === 80 && host === name));
}

/** Compares in constant time, so that the time does not reveal where the two differ. */
function isSame(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

/** A response of plain text. */
export function textResponse(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...safeHeaders, "Content-Type": "text/plain; charset=utf-8" },
  });
}
