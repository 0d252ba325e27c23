/**
 * The frame of every page: head, style, header, main part and footer of one HTML file. Reports, the
 * pages of `serve` and the playground fill it.
 */
import frameStyle from "./frame.css" with { type: "text" };
import { type Html, html, type Inlined, inlined } from "./markup.ts";

/** The style and script of a kind of page. */
export interface PageCode {
  style: Inlined;
  script: Inlined;
}

/**
 * The frame's style with a page's own, and the page's script.
 *
 * @param css,js constants of this project, never anything read from elsewhere
 */
export function pageCode(css: string, js: string): PageCode {
  return { style: inlined("style", frameStyle + css), script: inlined("script", js) };
}

/**
 * A Content-Security-Policy. It allows a page's own style and script, known by their hashes, and no
 * requests.
 *
 * The policy does not stop anybody from following a link: markup.ts has to keep links to elsewhere
 * out of pages.
 *
 * @param directives more directives, or other values, by name
 */
export function pagePolicy(
  { style, script }: PageCode,
  directives: Readonly<Record<string, string>>,
): string {
  const all = {
    "default-src": "'none'",
    "style-src": style.source,
    "script-src": script.source,
    "base-uri": "'none'",
    "form-action": "'none'",
    ...directives,
  };
  return Object.entries(all).map(([name, value]) => `${name} ${value}`).join("; ");
}

/** A link with its text. */
export interface Link {
  href: string;
  text: string;
}

/** The content of a page. */
export interface Page {
  title: string;
  code: PageCode;
  /** The page's policy; null if the server sends it as a header. */
  policy: string | null;
  /** Links above the title to the pages above this one, the first page first. */
  trail?: readonly Link[];
  /** Below the title. */
  lead?: Html | null;
  main: Html;
  footer?: Html;
  /** Elements that the script needs: data, dialogs, more scripts. */
  extra?: Html;
}

/** A page as the text of an HTML file. */
export function pageText(
  { title, code, policy, trail = [], lead, main, footer, extra }: Page,
): string {
  const links = trail.map(({ href, text }) => html`<li><a href="${href}">${text}</a></li>`);
  const whole = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        ${policy !== null && html`<meta http-equiv="Content-Security-Policy" content="${policy}">`}
        <title>${title}</title>
        <link rel="icon" href="data:,">
        ${code.style.element}
      </head>
      <body>
        <header>
          ${links.length > 0 && html`
            <nav aria-label="Breadcrumb">
              <ul>${links}</ul>
            </nav>
          `}
          <h1>${title}</h1>
          ${lead}
        </header>
        <main>${main}</main>
        ${footer && html`<footer>${footer}</footer>`}
        ${extra}
        ${code.script.element}
      </body>
    </html>
  `;
  return `${whole}\n`;
}

/** A section of a page, with a heading. */
export interface Section {
  /** The section's anchor, unique in the page. */
  id: string;
  heading: string;
  body: Html;
}

/** A section as HTML. */
export function sectionHtml({ id, heading, body }: Section): Html {
  return html`
    <section id="${id}" aria-labelledby="${id}-h">
      <h2 id="${id}-h">${heading}</h2>
      ${body}
    </section>
  `;
}
