/** Parses a YAML text into a document that keeps comments and positions, with npm's `yaml`. */
import process from "node:process";
import {
  type Document,
  type DocumentOptions,
  parseDocument,
  type ParseOptions,
  type SchemaOptions,
} from "yaml";

/**
 * Parses a text. `yaml` reads debugging switches from the environment, which would cost its users a
 * permission, so the environment is empty during parsing. All of this is synchronous, so no other
 * code sees the empty environment.
 */
export function yamlDocument(
  text: string,
  options: ParseOptions & DocumentOptions & SchemaOptions,
): Document.Parsed {
  const env = process.env;
  process.env = {};
  try {
    return parseDocument(text, options);
  } finally {
    process.env = env;
  }
}
