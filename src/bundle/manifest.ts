/**
 * BagIt manifests. Each line has a SHA-256, two spaces and a name, the format of sha256sum.
 */

/**
 * Whether a file of a bundle may have this name: a relative path of letters, digits and `._-` whose
 * parts do not begin with a dot. Such names mean the same on every system, need no escaping in a
 * manifest, and cannot leave the folder.
 */
export function isSafeName(name: string): boolean {
  return name.length <= 200 &&
    /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(name);
}

/**
 * The text of a manifest, ordered by name.
 *
 * @param digests SHA-256 in hexadecimal by name
 */
export function manifestText(digests: ReadonlyMap<string, string>): string {
  return [...digests].sort(([a], [b]) => a < b ? -1 : 1).map(([name, digest]) =>
    `${digest}  ${name}\n`
  ).join("");
}

/**
 * Parses a manifest. Accepts only what {@link manifestText} writes, so that any changed byte is
 * noticed.
 *
 * @param text the manifest
 * @param fault reports each invalid line; the result does not contain these lines
 */
export function parseManifest(text: string, fault: (what: string) => void): Map<string, string> {
  const digests = new Map<string, string>();
  const seen = new Set<string>();
  const lines = text.split("\n");
  if (lines.pop() !== "") fault("its last line is cut off");
  let before = "";
  lines.forEach((line, i) => {
    const [, digest, name] = line.match(/^([0-9a-f]{64}) {2}(.*)$/s) ?? [];
    if (digest === undefined || name === undefined) {
      return fault(`line ${i + 1} is not a digest and a name`);
    }
    if (!isSafeName(name)) {
      return fault(`line ${i + 1} has the name ${JSON.stringify(name)}, which is not allowed`);
    }
    if (seen.has(name.toLowerCase())) return fault(`line ${i + 1} names ${name} again`);
    if (name < before) fault(`line ${i + 1} is out of order`);
    before = name;
    seen.add(name.toLowerCase());
    digests.set(name, digest);
  });
  return digests;
}
