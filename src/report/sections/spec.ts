/** The report's spec: every field, and whether somebody chose it. */
import { parseSpec, type ResolvedSpec, resolveSpec } from "../../spec/mod.ts";
import { type Html, html } from "../markup.ts";
import type { Section } from "../frame.ts";

/** A spec with the same fields without default, and everything else at its default. */
function defaultsOf(spec: ResolvedSpec): ResolvedSpec | null {
  // A bundle's spec has no path, but a folder needs one. The path itself has no default.
  const path = spec.data.path ?? (spec.dataset === "folder" ? "." : null);
  const data = path === null ? "" : `data: { path: ${JSON.stringify(path)} }\n`;
  try {
    const defaults = resolveSpec(
      parseSpec(`architecture: ${spec.architecture}\ndataset: ${spec.dataset}\n${data}`),
    );
    return { ...defaults, data: { ...defaults.data, path: spec.data.path } };
  } catch {
    return null; // A spec of a later release: nothing is grey.
  }
}

/** Fields without a default. */
const chosenAlways = new Set(["architecture", "dataset"]);

/** The whole spec, with chosen fields in bold. */
export function specSection(spec: ResolvedSpec): Section {
  const defaults: object = defaultsOf(spec) ?? {};
  const lines = Object.entries(spec).map(([key, value]) =>
    chosenAlways.has(key) ? line(key, value, "set") : field(key, value, Reflect.get(defaults, key))
  );
  return {
    id: "spec",
    heading: "The spec",
    body: html`
      <p class="faint">Every default is in it. Grey: at its default; bold: chosen.</p>
      <div class="spec">${lines}</div>
    `,
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field, and the fields inside it, indented below. */
function field(key: string, value: unknown, standard: unknown): Html {
  const isDefault = JSON.stringify(value) === JSON.stringify(standard);
  if (!isObject(value)) return line(key, value, isDefault ? "default" : "set");
  const inner = Object.entries(value).map(([name, one]) =>
    field(name, one, isObject(standard) ? Reflect.get(standard, name) : undefined)
  );
  return html`
    <div class="mono ${isDefault ? "default" : ""}">${key}:</div>
    <div class="inner">${inner}</div>
  `;
}

function line(key: string, value: unknown, kind: "default" | "set"): Html {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "";
  return html`<div class="mono ${kind}">${key}: ${text}</div>`;
}
