import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { accessTo, refusal } from "./guard.ts";

const request = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Request(`http://127.0.0.1:8017${path}`, { method, headers });

Deno.test("on this machine: only requests to the server's own names are allowed", () => {
  const access = accessTo("127.0.0.1", 8017);
  assertEquals(access.token, null);
  for (const host of ["127.0.0.1:8017", "localhost:8017", "[::1]:8017"]) {
    assertEquals(refusal(request("/", { Host: host }), access), null);
  }
  for (const host of ["evil.example", "evil.example:8017", "127.0.0.1:80", "127.0.0.1.evil:8017"]) {
    assertEquals(refusal(request("/", { Host: host }), access)?.status, 403, host);
  }
});

Deno.test("methods other than GET and HEAD are refused", () => {
  const access = accessTo("127.0.0.1", 8017);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    assertEquals(refusal(request("/", { Host: "127.0.0.1:8017" }, method), access)?.status, 405);
  }
});

Deno.test("for other machines: the token is required, and a redirect moves it into a cookie", () => {
  const access = accessTo("0.0.0.0", 8017);
  assert(access.token !== null && access.token.length === 48);
  assertEquals(refusal(request("/"), access)?.status, 403);
  assertEquals(refusal(request("/?token=wrong"), access)?.status, 403);
  const opened = refusal(request(`/bundle/x?a=1&token=${access.token}`), access);
  assertEquals(opened?.status, 303);
  assertEquals(opened?.headers.get("Location"), "/bundle/x?a=1");
  const cookie = opened?.headers.get("Set-Cookie") ?? "";
  assertStringIncludes(cookie, "HttpOnly; SameSite=Strict");
  assertEquals(refusal(request("/", { Cookie: cookie.split(";")[0] ?? "" }), access), null);
  assertEquals(refusal(request("/", { Cookie: "alias-free-token=wrong" }), access)?.status, 403);
});

Deno.test("each server has its own token", () => {
  assert(accessTo("0.0.0.0", 1).token !== accessTo("0.0.0.0", 1).token);
});
