/** A report as one HTML file that contains its style and script, and makes no requests. */
import { pageCode, pagePolicy, pageText, type Section, sectionHtml } from "./frame.ts";
import { type Html, html } from "./markup.ts";
import css from "./page.css" with { type: "text" };
import js from "./page.js" with { type: "text" };

const code = pageCode(css, js);

/** Pictures and films come from the page itself. */
const policy = pagePolicy(code, { "img-src": "data:", "media-src": "data:" });

/** A report as the text of an HTML file. */
export function reportPage(title: string, lead: Html, sections: readonly Section[]): string {
  return pageText({ title, code, policy, lead, main: html`${sections.map(sectionHtml)}` });
}
