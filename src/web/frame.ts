/** The frame of the pages that `serve` shows: one style, one script, and a policy of what may run. */
import pageStyle from "../report/page.css" with { type: "text" };
import { type Html, html, inlined } from "../report/markup.ts";
import script from "./serve/live.js" with { type: "text" };
import ownStyle from "./serve/serve.css" with { type: "text" };

const inlinedStyle = inlined("style", pageStyle + ownStyle);
const inlinedScript = inlined("script", script);

/**
 * What a browser may do with these pages: run the script above, show pictures of this server, and
 * hear of what happens. Sent as a header.
 */
export const servePolicy = [
  "default-src 'none'",
  "img-src 'self' data:",
  "media-src 'self' data:",
  "connect-src 'self'",
  `style-src ${inlinedStyle.source}`,
  `script-src ${inlinedScript.source}`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** A page of the server. */
export interface ServedPage {
  title: string;
  /** Links back, the outermost first. */
  trail: readonly { href: string; words: string }[];
  body: Html;
  /** Where the page hears of changes to its parts; null where nothing on it changes. */
  events: string | null;
}

/** The page as the text of an HTML file. */
export function servedPage({ title, trail, body, events }: ServedPage): string {
  const links = trail.map(({ href, words }) => html`<li><a href="${href}">${words}</a></li>`);
  const whole = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        ${inlinedStyle.element}
      </head>
      <body data-events="${events ?? ""}">
        <header>
          ${links.length > 0 && html`
            <nav aria-label="Where you are">
              <ul>${links}</ul>
            </nav>
          `}
          <h1>${title}</h1>
        </header>
        <main>${body}</main>
        <p id="connection" role="status"></p>
        <dialog id="viewer" aria-label="Picture, full size">
          <img alt="">
          <p></p>
          <button type="button">Close</button>
        </dialog>
        ${inlinedScript.element}
      </body>
    </html>
  `;
  return `${whole}\n`;
}
