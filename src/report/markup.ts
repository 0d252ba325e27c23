/**
 * HTML that escapes by construction. {@link html} is the only way to make parts of a page: the
 * template's own text is kept as written, and every inserted value is escaped, whatever it
 * contains. Only results of {@link html} itself are inserted without escaping.
 */
import { sha256 } from "../formats/sha256.ts";
import { visible } from "../messages/terminal.ts";

/** Makes an {@link Html}. Only this file has access: the class itself is not exported. */
let made: (text: string) => Html;

/** A piece of HTML. Nothing read from a file can become one. */
class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static {
    made = (text) => new Html(text);
  }

  /** The HTML as text, to write to a file. */
  toString(): string {
    return this.#text;
  }
}

export type { Html };

/**
 * Values that can be inserted: text, numbers, HTML, lists of them; null and false insert nothing.
 */
export type Filling =
  | string
  | number
  | Html
  | null
  | undefined
  | false
  | readonly Filling[];

/** The position of a value: between elements, or in an attribute. */
type Place =
  | { kind: "content" }
  | { kind: "attribute" }
  /** A URL, with the template's text before and after the value. */
  | { kind: "address"; before: string; after: string };

/** The state of reading a template. */
interface Reading {
  within: "content" | "tag" | "value";
  attribute: string;
  /** The template's text in the attribute's value so far. */
  before: string;
  /** The number of values inserted into the attribute so far. */
  filled: number;
}

/** Attributes whose value is a URL that a browser may open or load. */
const addresses = new Set(
  ["href", "xlink:href", "src", "srcset", "poster", "action", "formaction", "data"],
);

/** Attributes that take no values, because they contain code of some kind. */
const isCode = (attribute: string) => /^(on.*|style|srcdoc|http-equiv)$/.test(attribute);

/** Elements whose content is not HTML, where escaping has no effect. */
const rawElements = new Set(["script", "style", "iframe", "noscript", "xmp", "noembed"]);

/** The tokens of a template's text in each state; every attribute value is quoted. */
const tokens: Record<Reading["within"], RegExp> = {
  content: /^(?:[^<]+|<\/?[a-zA-Z][\w-]*|<!DOCTYPE)/,
  tag: /^(?:\s+|[/>]|[\w:-]+="|[\w:-]+(?=[\s/>]))/,
  value: /^(?:"|[^"]+)/,
};

/** Reads one piece of a template's text. */
function read(reading: Reading, text: string): void {
  for (let rest = text; rest !== "";) {
    const token = rest.match(tokens[reading.within])?.[0];
    if (token === undefined) throw new Error(`HTML that cannot be read: ${rest.slice(0, 60)}`);
    rest = rest.slice(token.length);
    step(reading, token);
  }
}

function step(reading: Reading, token: string): void {
  if (reading.within === "content") {
    if (!token.startsWith("<")) return;
    if (rawElements.has(token.slice(1).toLowerCase())) throw new Error(`${token}> in a template`);
    reading.within = "tag";
  } else if (reading.within === "tag") {
    if (token === ">") reading.within = "content";
    if (!token.endsWith('="')) return;
    const attribute = token.slice(0, -2).toLowerCase();
    Object.assign(reading, { within: "value", attribute, before: "", filled: 0 });
  } else if (token === '"') reading.within = "tag";
  else reading.before += token;
}

/** The positions of a template's values, determined once for each template in the code. */
function placesOf(strings: readonly string[]): Place[] {
  const reading: Reading = { within: "content", attribute: "", before: "", filled: 0 };
  const places = strings.slice(0, -1).map((text, i): Place => {
    read(reading, text);
    return placeAt(reading, text, strings[i + 1] ?? "");
  });
  read(reading, strings.at(-1) ?? "");
  if (reading.within !== "content") throw new Error(`an open tag: ${strings.at(-1)}`);
  return places;
}

function placeAt(reading: Reading, text: string, following: string): Place {
  const { within, attribute, before } = reading;
  if (within === "content") return { kind: "content" };
  if (within === "tag" || isCode(attribute)) {
    throw new Error(`a value where none can be made safe, behind ${text.slice(-60)}`);
  }
  const earlier = reading.filled++;
  if (!addresses.has(attribute)) return { kind: "attribute" };
  const end = following.indexOf('"');
  if (earlier > 0 || end < 0) throw new Error(`an address takes one value: ${text.slice(-60)}`);
  return { kind: "address", before, after: following.slice(0, end) };
}

const knownPlaces = new WeakMap<TemplateStringsArray, Place[]>();

/**
 * Makes HTML from a template: `` html`<p title="${title}">${text}</p>` ``.
 *
 * Values may appear between elements or in attributes with double quotes. URLs (`href`, `src`) are
 * checked, see {@link checkAddress}. Line breaks at both ends of the template are dropped.
 *
 * @throws Error if a value is at a position where it cannot be made safe: in a tag, a script, a
 * style, an event attribute
 */
export function html(strings: TemplateStringsArray, ...values: Filling[]): Html {
  let places = knownPlaces.get(strings);
  if (!places) {
    places = placesOf(strings);
    knownPlaces.set(strings, places);
  }
  const parts = strings.flatMap((text, i) => {
    const place = places[i];
    return place ? [text, fill(values[i], place)] : [text];
  });
  return made(parts.join("").replace(/^\s*\n\s*|\s*\n\s*$/g, ""));
}

function fill(value: Filling, place: Place): string {
  if (place.kind === "content") return contentText(value);
  if (typeof value !== "string" && typeof value !== "number") {
    throw new TypeError(`an attribute takes text or a number, not ${typeof value}`);
  }
  const text = String(value);
  if (place.kind === "address") checkAddress(place.before + text + place.after);
  return escapeHtml(text);
}

function contentText(value: Filling): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(contentText).join("");
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  throw new TypeError(`a page takes text, numbers and HTML, not ${typeof value}`);
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text with HTML's special characters as entities. Invisible characters, such as those that reverse
 * the reading direction, are written out.
 */
function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** The `data:` URLs that a page may contain; none of them runs code or opens another page. */
const dataKinds = /^data:(?:,$|(?:image\/png|image\/gif|video\/mp4);base64,[A-Za-z0-9+/=]*$)/;

/**
 * Checks a URL: it must be an anchor in the page (`#name`), a relative path, or a picture or film
 * in a `data:` URL.
 *
 * @throws Error if it is anything else, such as `javascript:` or another host
 */
export function checkAddress(address: string): void {
  if (address.startsWith("data:") && dataKinds.test(address)) return;
  // Browsers drop control characters and spaces, and treat a backslash as a slash.
  // deno-lint-ignore no-control-regex -- these are the ones that are meant
  const strange = /[\x00-\x20\x7f\\]/.test(address);
  if (!strange && !address.startsWith("/") && !/^[^/?#]*:/.test(address)) return;
  throw new Error(`no address for a page: ${JSON.stringify(address.slice(0, 80))}`);
}

/** A script or style of a page, with the source that the page's policy must allow. */
export interface Inlined {
  element: Html;
  /** `'sha256-...'`, for the Content-Security-Policy. */
  source: string;
}

/**
 * A script or style from the code, to be put into a page.
 *
 * @param code a constant of this project, never anything read from elsewhere
 */
export function inlined(kind: "script" | "style", code: string): Inlined {
  if (/<\/|<!--/.test(code)) throw new Error(`a ${kind} with what would end it`);
  const digest = Uint8Array.fromHex(sha256(code)).toBase64();
  return { element: made(`<${kind}>${code}</${kind}>`), source: `'sha256-${digest}'` };
}

/**
 * A script in a file next to the page; the page's policy must allow it.
 *
 * @param name letters, digits and `._-`; the file is in the page's own folder
 */
export function scriptFile(name: string): Html {
  if (!/^[\w-]+\.js$/.test(name)) throw new Error(`no name of a script beside a page: ${name}`);
  return made(`<script src="${name}"></script>`);
}

const svgElements = new Set(
  ("svg g defs clipPath path rect circle ellipse line polyline polygon text tspan title")
    .split(" "),
);

const svgAttributes = new Set(
  ("width height x y x1 y1 x2 y2 cx cy r rx ry points d viewBox fill fill-opacity opacity stroke " +
    "stroke-opacity stroke-width stroke-linecap stroke-linejoin stroke-dasharray " +
    "dominant-baseline text-anchor transform clip-path id xml:space font-size font-family " +
    "font-weight").split(" "),
);

/**
 * A plot's SVG as a part of a page. It is read token by token and rebuilt from the elements and
 * attributes that plots use; other attributes are dropped.
 *
 * @param svg a whole document, as the plotting library writes it
 * @param label what the plot shows, for people who cannot see it
 * @param colourOf the replacement for each colour
 * @throws Error if it contains other elements
 */
export function svgHtml(svg: string, label: string, colourOf: (colour: string) => string): Html {
  const parts: string[] = [];
  const token = /<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>|([^<>]+)/gy;
  let first = true;
  let at = 0;
  for (const [all, slash, name, attributes, closed, text] of svg.matchAll(token)) {
    at += all.length;
    if (text !== undefined) parts.push(escapeHtml(plain(text)));
    else if (!svgElements.has(name!)) throw new Error(`a diagram with <${name}>`);
    else if (slash) parts.push(`</${name}>`);
    else {
      const role = first ? ` role="img" aria-label="${escapeHtml(label)}"` : "";
      parts.push(`<${name}${role}${svgAttributeText(attributes!, colourOf)}${closed}>`);
      first = false;
    }
  }
  if (at !== svg.length) throw new Error(`a diagram that cannot be read at ${at}`);
  return made(parts.join(""));
}

/** The attributes of a plot's element; a style becomes attributes, which the policy allows. */
function svgAttributeText(text: string, colourOf: (colour: string) => string): string {
  const attributes = [...text.matchAll(/([\w:-]+)="([^"]*)"/g)].flatMap(([, name, value]) =>
    name === "style"
      ? value!.split(";").filter(Boolean).map((rule) => {
        const colon = rule.indexOf(":");
        return [rule.slice(0, colon).trim(), rule.slice(colon + 1).trim()] as const;
      })
      : [[name!, value!] as const]
  );
  const known = attributes.filter(([name, value]) =>
    svgAttributes.has(name) && !/url\((?!#)/.test(value)
  );
  return known.map(([name, value]) =>
    ` ${name}="${escapeHtml(plain(value).replace(/#[0-9a-f]{6}/g, colourOf))}"`
  ).join("");
}

/** Text with its entities decoded. */
function plain(text: string): string {
  const back = new Map(Object.entries(entities).map(([character, entity]) => [entity, character]));
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => back.get(entity) ?? entity);
}
