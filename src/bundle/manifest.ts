/**
 * BagIt manifests: lines of a SHA-256, two spaces and a name, as sha256sum writes and reads them.
 */

/**
 * Whether a file of a bundle may have this name: relative, of letters, digits and `._-`, no part
 * begins with a dot. Such names mean the same on every system, need no escapes in a manifest, and
 * cannot climb out of the folder.
 */
export function isSafeName(name: string): boolean {
  return name.length <= 200 &&
    /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/.test(name);
}

/**
 * The manifest of files: `digests` holds SHA-256 in hexadecimal under each name; lines are in the
 * order of the names.
 */
export function manifestText(digests: ReadonlyMap<string, string>): string {
  return [...digests].sort(([a], [b]) => a < b ? -1 : 1).map(([name, digest]) =>
    `${digest}  ${name}\n`
  ).join("");
}

/**
 * Reads a manifest as {@link manifestText} writes it and in no other form, so that no byte of it
 * can change unseen.
 *
 * @param text the manifest
 * @param fault is told of every line that cannot be believed; such lines are left out of the result
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
      return fault(`line ${i + 1} is no digest and name`);
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
