/**
 * Turns the schema's complaints about written data into words: what is allowed, and the closest
 * valid name.
 */
import { z } from "zod";
import { nearest } from "../messages/nearest.ts";
import { specSchema } from "./schema.ts";
import { quoted } from "../messages/printable.ts";
import type { Complaint } from "./source.ts";
import { type Path, valueAt } from "./tree.ts";

type AnySchema = z.core.$ZodType;
interface Definition {
  type: string;
  innerType?: AnySchema;
  element?: AnySchema;
  shape?: Record<string, AnySchema>;
  error?: (issue: z.core.$ZodIssue) => unknown;
}

const definition = (schema: AnySchema) => schema._zod.def as unknown as Definition;

/** The schema at a path, without its default wrappers; stops at unions. */
function schemaAt(path: Path): { schema: AnySchema; depth: number } {
  let schema: AnySchema = specSchema;
  let depth = 0;
  while (true) {
    const { type, innerType, element, shape } = definition(schema);
    const key = path[depth];
    if (innerType && type !== "nullable") schema = innerType;
    else if (key === undefined) return { schema, depth };
    else if (innerType) schema = innerType;
    else if (element) [schema, depth] = [element, depth + 1];
    else if (shape && typeof key === "string" && Object.hasOwn(shape, key)) {
      [schema, depth] = [shape[key]!, depth + 1];
    } else return { schema, depth };
  }
}

const plainNumber = (value: number) =>
  value >= 10_000 && value < 1e15 ? value.toLocaleString("en-US") : String(value);

function range(
  { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: z.core.JSONSchema.JSONSchema,
): string {
  const lower = minimum !== undefined ? `from ${plainNumber(minimum)}` : undefined;
  const above = typeof exclusiveMinimum === "number"
    ? `above ${plainNumber(exclusiveMinimum)}`
    : undefined;
  const upper = maximum !== undefined
    ? `${lower ?? above ? "" : "up "}to ${plainNumber(maximum)}`
    : undefined;
  const below = typeof exclusiveMaximum === "number"
    ? `below ${plainNumber(exclusiveMaximum)}`
    : undefined;
  return [lower ?? above, upper ?? below].filter((part) => part !== undefined).map((part) =>
    ` ${part}`
  ).join("");
}

/** What a JSON schema allows, in words. */
export function allowed(json: z.core.JSONSchema.JSONSchema): string {
  if (json.anyOf) return (json.anyOf as z.core.JSONSchema.JSONSchema[]).map(allowed).join(" or ");
  if (json.enum) return `one of ${json.enum.join(", ")}`;
  if (json.const !== undefined) return String(json.const);
  const multiple = json.multipleOf !== undefined ? `, a multiple of ${json.multipleOf}` : "";
  // "true, false or null" is one schema with two types.
  if (Array.isArray(json.type)) {
    return json.type.map((type) => allowed({ ...json, type })).join(" or ");
  }
  switch (json.type) {
    case "integer":
      return `an integer${range(json)}${multiple}`;
    case "number":
      return `a number${range(json)}${multiple}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "string":
      return json.minLength === undefined
        ? "text"
        : `text of ${json.minLength} to ${json.maxLength} characters`;
    case "array":
      return `a list of at most ${json.maxItems}, each ${
        allowed(json.items as z.core.JSONSchema.JSONSchema)
      }`;
    case "object":
      return `a mapping with ${Object.keys(json.properties ?? {}).join(", ")}`;
    default:
      return "something else";
  }
}

/** A message written for one field, used instead of the words made from the schema. */
function ownMessage(schema: AnySchema, issue: z.core.$ZodIssue): string | undefined {
  const message = definition(schema).error?.(issue);
  if (typeof message === "string") return message;
  return issue.code === "custom" || issue.code === "invalid_format" ? issue.message : undefined;
}

function suggestion(word: unknown, words: readonly unknown[]): string {
  const near = typeof word === "string" &&
    nearest(word, words.filter((each) => typeof each === "string"));
  return near ? `; did you mean ${near}?` : "";
}

/** How to write a list, for people who left out the brackets: `fid`, or `fid,kid`. */
function bracketHint(value: unknown): string {
  return typeof value === "string" && /^[\w-]+( *, *[\w-]+)*$/.test(value) && value.length <= 80
    ? `; write [${value}]`
    : "";
}

function complaintsOf(issue: z.core.$ZodIssue, data: unknown): Complaint[] {
  const { schema, depth } = schemaAt(issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(definition(schema).shape ?? {});
    return issue.keys.map((key) => {
      const near = suggestion(key, known);
      const message = `unknown key${near}${near ? " A" : "; a"}llowed here: ${known.join(", ")}`;
      return { path: [...issue.path, key], at: "key" as const, message };
    });
  }
  const path = issue.path.slice(0, depth);
  const value = valueAt(data, path);
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const message = ownMessage(schema, issue) ?? allowed(json);
  const hint = json.type === "array" ? bracketHint(value) : suggestion(value, json.enum ?? []);
  return [{ path, message: `must be ${message}, not ${quoted(value)}${hint}` }];
}

/** More than anybody reads, but a hostile list of values could produce far more. */
const maxIssues = 100;

/** The schema's complaints about written data; empty if every field by itself is valid. */
export function schemaComplaints(data: unknown): Complaint[] {
  const result = specSchema.safeParse(data);
  return result.success
    ? []
    : result.error.issues.slice(0, maxIssues).flatMap((issue) => complaintsOf(issue, data));
}
