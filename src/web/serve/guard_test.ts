import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { doorOf, refusal } from "./guard.ts";

const ask = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  new Request(`http://127.0.0.1:8017${path}`, { method, headers });

Deno.test("on this machine: the server answers to its own names, and to no other", () => {
  const door = doorOf("127.0.0.1", 8017);
  assertEquals(door.token, null);
  for (const host of ["127.0.0.1:8017", "localhost:8017", "[::1]:8017"]) {
    assertEquals(refusal(ask("/", { Host: host }), door), null);
  }
  for (const host of ["evil.example", "evil.example:8017", "127.0.0.1:80", "127.0.0.1.evil:8017"]) {
    assertEquals(refusal(ask("/", { Host: host }), door)?.status, 403, host);
  }
});

Deno.test("the server only shows: other methods are refused", () => {
  const door = doorOf("127.0.0.1", 8017);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    assertEquals(refusal(ask("/", { Host: "127.0.0.1:8017" }, method), door)?.status, 405);
  }
});

Deno.test("for other machines: the token opens, leaves the address, and is a cookie from then on", () => {
  const door = doorOf("0.0.0.0", 8017);
  assert(door.token !== null && door.token.length === 48);
  assertEquals(refusal(ask("/"), door)?.status, 403);
  assertEquals(refusal(ask("/?token=wrong"), door)?.status, 403);
  const opened = refusal(ask(`/bundle/x?a=1&token=${door.token}`), door);
  assertEquals(opened?.status, 303);
  assertEquals(opened?.headers.get("Location"), "/bundle/x?a=1");
  const cookie = opened?.headers.get("Set-Cookie") ?? "";
  assertStringIncludes(cookie, "HttpOnly; SameSite=Strict");
  assertEquals(refusal(ask("/", { Cookie: cookie.split(";")[0] ?? "" }), door), null);
  assertEquals(refusal(ask("/", { Cookie: "alias-free-token=wrong" }), door)?.status, 403);
});

Deno.test("two servers have two tokens", () => {
  assert(doorOf("0.0.0.0", 1).token !== doorOf("0.0.0.0", 1).token);
});
