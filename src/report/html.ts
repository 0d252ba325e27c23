/** report.html: one page about what was run, how it went, what came out, and how to check it. */
import { specName } from "../spec/mod.ts";
import type { ReportInput } from "./input.ts";
import { type Html, html } from "./markup.ts";
import { reportPage } from "./page.ts";
import { code, facts } from "./parts.ts";
import { provenanceSection, verifySection } from "./sections/checking.ts";
import {
  denoisingSection,
  filterSection,
  rotationSection,
  samplesSection,
} from "./sections/images.ts";
import { courseScoresSection } from "./sections/course.ts";
import { metricsSection, spectrumSection, trainingSection } from "./sections/results.ts";
import { specSection } from "./sections/spec.ts";

/** The whole page; the same input gives the same text. */
export function reportHtml(input: ReportInput): string {
  const sections = [
    samplesSection(input),
    rotationSection(input),
    denoisingSection(input),
    metricsSection(input),
    courseScoresSection(input),
    spectrumSection(input),
    trainingSection(input),
    filterSection(input),
    specSection(input.spec),
    verifySection(input),
    provenanceSection(input),
  ];
  return reportPage(
    `${input.name}: ${specName(input.spec)}`,
    lead(input),
    sections.filter((section) => section !== null),
  );
}

function lead({ spec, summary, digest, digests }: ReportInput): Html {
  const entries = facts([
    ["configuration", html`<strong>${specName(spec)}</strong> on ${spec.dataset}`],
    ["bundle", code(digest)],
    ["run", code(digests.run)],
  ]);
  return html`<p>${summary}</p>${entries}`;
}
