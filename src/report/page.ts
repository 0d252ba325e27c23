/**
 * The frame of every page: one HTML file with its style and script in it, which asks for nothing
 * from anywhere.
 */
import { type Html, html, inlined } from "./markup.ts";
import script from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };

/** A part of the page, under a heading. */
export interface Section {
  /** Names the part in addresses; no two parts of a page share one. */
  id: string;
  heading: string;
  body: Html;
}

const inlinedStyle = inlined("style", style);
const inlinedScript = inlined("script", script);

/**
 * What a browser may do with a page. Of scripts and styles it takes the ones above, known by their
 * hashes, and no others; pictures and films come from the page itself. It does not stop a link from
 * being followed: that nothing in a page leads elsewhere is up to markup.ts.
 */
const policy = [
  "default-src 'none'",
  "img-src data:",
  "media-src data:",
  `style-src ${inlinedStyle.source}`,
  `script-src ${inlinedScript.source}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The page as the text of an HTML file. */
export function page(title: string, lead: Html, sections: readonly Section[]): string {
  const parts = sections.map(({ id, heading, body }) =>
    html`
      <section id="${id}" aria-labelledby="${id}-h">
        <h2 id="${id}-h">${heading}</h2>
        ${body}
      </section>
    `
  );
  const whole = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="${policy}">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        ${inlinedStyle.element}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          ${lead}
        </header>
        <main>${parts}</main>
        ${inlinedScript.element}
      </body>
    </html>
  `;
  return `${whole}\n`;
}
