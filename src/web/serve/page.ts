/** A page of `serve`. */
import { type Link, pageCode, pagePolicy, pageText } from "../../report/frame.ts";
import { type Html, html } from "../../report/markup.ts";
import js from "./live.js" with { type: "text" };
import css from "./serve.css" with { type: "text" };

const code = pageCode(css, js);

/** The pages' policy, sent as a header. It allows this server's pictures, events and forms. */
export const servePolicy: string = pagePolicy(code, {
  "img-src": "'self' data:",
  "media-src": "'self' data:",
  "connect-src": "'self'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
});

/** The content of a page. */
export interface ServedPage {
  title: string;
  /** Links to the pages above this one, the first page first. */
  trail: readonly Link[];
  main: Html;
  /** The address of the events that update the page; null if nothing on it changes. */
  events: string | null;
}

/** A page as the text of an HTML file. */
export function servedPage({ title, trail, main, events }: ServedPage): string {
  const extra = html`
    <p id="connection" role="status" data-events="${events ?? ""}"></p>
    <dialog id="viewer" aria-label="Picture at full size">
      <img alt="">
      <p></p>
      <button type="button">Close</button>
    </dialog>
  `;
  return pageText({ title, code, policy: null, trail, main, extra });
}
