import { assertEquals, assertThrows } from "@std/assert";
import { checkAddress, type Filling, html, inlined, svgHtml } from "./markup.ts";

const nasty = `<img src=x onerror=alert(1)>"'&`;
const escaped = "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;";

Deno.test("what is filled into HTML is escaped, and only HTML goes in as it is", () => {
  const inner = html`<b>${nasty}</b>`;
  assertEquals(
    `${html`<p title="a ${nasty} b">${inner}, ${nasty}</p>`}`,
    `<p title="a ${escaped} b"><b>${escaped}</b>, ${escaped}</p>`,
  );
  assertEquals(
    `${html`<p>${[1, "<", inner, [null, undefined, false]]}</p>`}`,
    `<p>1&lt;<b>${escaped}</b></p>`,
  );
  // An object with the shape of HTML that was not made here is not HTML.
  const forged = JSON.parse(`{"text":"<b>","#text":"<b>"}`) as Filling;
  assertThrows(() => html`<p>${forged}</p>`, TypeError);
  assertThrows(() => html`<p title="${inner}"></p>`, TypeError);
});

Deno.test("a template in which a value cannot be made safe is refused", () => {
  const value = "x";
  const templates = [
    () => html`<p ${value}></p>`,
    () => html`<p title=${value}></p>`,
    () => html`<p title='${value}'></p>`,
    () => html`<p onclick="${value}"></p>`,
    () => html`<p style="color: ${value}"></p>`,
    () => html`<iframe srcdoc="${value}"></iframe>`,
    () => html`<script>${value}</script>`,
    () => html`<style>${value}</style>`,
    () => html`<!-- ${value} -->`,
    () => html`<a href="${value}${value}"></a>`,
    () => html`<${value}>`,
  ];
  for (const template of templates) assertThrows(template, Error, undefined, String(template));
});

Deno.test("addresses are places in the page, relative paths, and pictures and films in data:", () => {
  const good = [
    "#a",
    "a/b.html",
    "../a",
    "a%20b/report.html",
    "data:,",
    "data:image/png;base64,aA==",
    "data:video/mp4;base64,",
  ];
  for (const address of good) checkAddress(address);
  const bad = [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "JAVASCRIPT:1",
    "http://x",
    "//x",
    "\\\\x",
    "/etc",
    "file:///etc",
    "data:text/html,<b>",
    "data:image/svg+xml,<svg>",
    'data:image/png;base64,aA=="',
    "vbscript:x",
    "a b",
  ];
  for (const address of bad) assertThrows(() => checkAddress(address), Error, "address", address);
  assertThrows(() => html`<a href="${"javascript:alert(1)"}">a</a>`, Error, "address");
  assertThrows(() => html`<img src="${"x:y"}">`, Error, "address");
});

Deno.test("a diagram in a page is made of what diagrams have, in the page's colours", () => {
  const svg = (inner: string) => `<svg xmlns="http://www.w3.org/2000/svg" width="2">${inner}</svg>`;
  const made = (inner: string) => `${svgHtml(svg(inner), 'a "b"', () => "var(--x)")}`;
  assertEquals(
    made(`<text style="font-size:13px;color:red" onload="x" fill="#112233">a &amp; b</text>`),
    `<svg role="img" aria-label="a &quot;b&quot;" width="2">` +
      `<text font-size="13px" fill="var(--x)">a &amp; b</text></svg>`,
  );
  for (
    const inner of [
      "<script>x</script>",
      '<a href="x"></a>',
      "<foreignObject/>",
      "<text",
      "<!-- -->",
    ]
  ) {
    assertThrows(() => made(inner), Error, "diagram", inner);
  }
  assertEquals(made(`<path fill="url(http://x)" d="M0 0"/>`).includes("url"), false);
});

Deno.test("a script or style ends where it should", () => {
  assertThrows(() => inlined("script", "'</script>'"));
  // The hash as browsers compute it: over the text between the tags.
  assertEquals(
    inlined("script", "alert(1)").source,
    "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='",
  );
});
