/** Rows of text tables: fields, optionally quoted, separated by commas, semicolons or tabs. */

/** The separator of a table's fields: the most frequent candidate in its first row. */
export function separatorOf(line: string): string {
  let best = ",";
  let maxFields = -1;
  for (const separator of [",", ";", "\t"]) {
    const fields = line.split(separator).length;
    if (fields > maxFields) {
      maxFields = fields;
      best = separator;
    }
  }
  return best;
}

/**
 * The fields of a row. A field in double quotes may contain the separator, and quotes written
 * twice.
 *
 * @returns null if a quote is not closed in this line
 */
export function fieldsOf(line: string, separator: string): string[] | null {
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  const fields: string[] = [];
  for (let at = 0; at <= line.length;) {
    while (line[at] === " ") at++;
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      const stop = end < 0 ? line.length : end;
      fields.push(line.slice(at, stop).trim());
      at = stop + 1;
      continue;
    }
    let text = "";
    for (at++;;) {
      const quote = line.indexOf('"', at);
      if (quote < 0) return null;
      text += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      text += '"';
      at++;
    }
    fields.push(text.trim());
    const end = line.indexOf(separator, at);
    at = (end < 0 ? line.length : end) + 1;
  }
  return fields;
}

/** A column name in the form used for comparison: `File_Name` is `filename`. */
export function plainName(name: string): string {
  return name.replace(/^\ufeff/, "").toLowerCase().replace(/[^a-z0-9]/g, "");
}
