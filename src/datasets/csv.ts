/** Rows of tables as text: fields in quotes, separated by commas, semicolons or tabs. */

/** What parts the fields of a table: what its first row has most of. */
export function separatorOf(line: string): string {
  let best = ",";
  let most = -1;
  for (const separator of [",", ";", "\t"]) {
    const count = line.split(separator).length;
    if (count > most) {
      most = count;
      best = separator;
    }
  }
  return best;
}

/**
 * The fields of a row. A field in double quotes may hold the separator, and quotes as two of them.
 *
 * @returns null where a quote is not closed in this line
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

/** A column's name as names are compared: `File_Name` is `filename`. */
export function plainName(name: string): string {
  return name.replace(/^\ufeff/, "").toLowerCase().replace(/[^a-z0-9]/g, "");
}
