/** The end of the report: how to check the bundle, and what produced it. */
import { counted } from "../../messages/counted.ts";
import type { ReportInput } from "../input.ts";
import { type Filling, html } from "../markup.ts";
import type { Section } from "../frame.ts";
import { code, facts, table } from "../parts.ts";

/** The bundle's files, and commands that verify the bundle and run it again. */
export function verifySection({ digest, folder, files }: ReportInput): Section {
  const bundle = folder === null ? "BUNDLE" : `out/${folder}`;
  const rows = files.map(({ name, sha256, meaning }) => [
    code(name),
    meaning.replaceAll("**", ""),
    html`<code title="${sha256}">${sha256.slice(0, 12)}</code>`,
  ]);
  const verify = `deno task verify --digest ${digest.slice(0, 16)} ${bundle}`;
  return {
    id: "verify",
    heading: "Verify it, run it again",
    body: html`
      <p>In the bundle's folder, every byte that a repeated run must repeat:</p>
      <pre>sha256sum -c manifest-sha256.txt</pre>
      <p>
        From the project's folder, names, links, spec, network and scores too, against the digest
        above:
      </p>
      <pre>${verify}</pre>
      <p>The same run again, compared with this one file by file:</p>
      <pre>deno task reproduce ${bundle}</pre>
      <p class="faint">
        On the same engine, kind of device and number of threads, every file under <code>data/</code>
        comes out the same, byte by byte.
      </p>
      <details>
        <summary>The ${counted(files.length, "file")} under <code>data/</code></summary>
        ${table(["file", "what it is", "SHA-256"], rows)}
      </details>
    `,
  };
}

/** What produced the files, and the digests that identify it. */
export function provenanceSection({ provenance, digests }: ReportInput): Section {
  const entries: [string, Filling][] = [
    ...provenance,
    ["spec digest", code(digests.spec)],
    ["data digest", code(digests.data)],
    ["method version", digests.method],
  ];
  if (digests.parent) entries.push(["sampled from", code(digests.parent)]);
  return { id: "provenance", heading: "Where it comes from", body: facts(entries) };
}
