/**
 * The frame of every page: one HTML file that contains its style and script, and makes no requests.
 */
import { type Html, html, inlined } from "./markup.ts";
import script from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };

/** A section of the page, with a heading. */
export interface Section {
  /** The section's anchor, unique in the page. */
  id: string;
  heading: string;
  body: Html;
}

const inlinedStyle = inlined("style", style);
const inlinedScript = inlined("script", script);

/**
 * What a browser may do with a page. It accepts only the script and style above, known by their
 * hashes; pictures and films come from the page itself. The policy does not stop anybody from
 * following a link: markup.ts has to keep links to elsewhere out of pages.
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
