/** A YAML text as a document with its comments and places, by npm's `yaml`. */
import process from "node:process";
import {
  type Document,
  type DocumentOptions,
  parseDocument,
  type ParseOptions,
  type SchemaOptions,
} from "yaml";

/**
 * Parses a text. `yaml` looks for debugging switches in the environment, which must not cost its
 * users a permission; so the environment is empty while it parses. All of this is synchronous:
 * nobody else sees that.
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
