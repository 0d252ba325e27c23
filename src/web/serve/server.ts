/**
 * The local server: pages about the runs in a folder. It reads the files that runs write, so it
 * also shows runs of other processes, and of other machines on a shared disk. It never writes.
 */
import { type BundleFiles, bundleFiles } from "../../bundle/open.ts";
import { UserError } from "../../messages/errors.ts";
import { html } from "../../report/markup.ts";
import { diaryOf } from "../../runner/status.ts";
import { bundleMain, compareMain, verifyMain } from "./bundle_page.ts";
import { eventStream } from "./events.ts";
import { bundlesPerPage, type ServedFolder } from "./folder.ts";
import { type Access, refusal, safeHeaders, textResponse } from "./guard.ts";
import { listMain, runsPart, sweepsPart } from "./list_page.ts";
import { type ServedPage, servedPage, servePolicy } from "./page.ts";
import { runMain, runParts } from "./run_page.ts";

/** The maximum number of bundles side by side. */
const maxCompared = 12;

/** The content types of the pictures and films that are served, by file extension. */
const mediaTypes: Readonly<Record<string, string>> = {
  png: "image/png",
  gif: "image/gif",
  mp4: "video/mp4",
};

/** The link to the first page, from a page `depth` folders below it. */
const home = (depth: number) => ({
  href: depth === 0 ? "./" : "../".repeat(depth),
  text: "All runs",
});

/** A function that responds to requests for a folder, if {@link refusal} allows them. */
export function serveHandler(
  folder: ServedFolder,
  access: Access,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const refused = refusal(request, access);
    if (refused) return refused;
    try {
      const response = await route(folder, new URL(request.url));
      return response ?? textResponse(404, "no such page");
    } catch (error) {
      if (error instanceof UserError) return textResponse(404, error.message);
      throw error;
    }
  };
}

async function route(folder: ServedFolder, url: URL): Promise<Response | null> {
  const [first = "", name = "", ...rest] = url.pathname.slice(1).split("/").map(decoded);
  const query = url.searchParams;
  switch (first) {
    case "":
      return listPage(folder, Number(query.get("page") ?? 0));
    case "events":
      return listEvents(folder);
    case "run":
      return runRoute(folder, name, rest);
    case "bundle":
      return await bundleRoute(folder, name, rest);
    case "compare":
      return comparePage(folder, query.getAll("bundle"));
    default:
      return null;
  }
}

/** A part of a path, decoded; "%", which names nothing, if its encoding is invalid. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "%";
  }
}

function pageResponse(page: ServedPage): Response {
  return new Response(servedPage(page), {
    headers: {
      ...safeHeaders,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": servePolicy,
    },
  });
}

function listPage(folder: ServedFolder, requested: number): Response {
  const names = folder.bundleNames();
  const pages = Math.max(1, Math.ceil(names.length / bundlesPerPage));
  const at = Number.isInteger(requested) ? Math.min(Math.max(requested, 0), pages - 1) : 0;
  const shown = names.slice(at * bundlesPerPage, (at + 1) * bundlesPerPage);
  const bundles = shown.flatMap((name) => folder.bundle(name) ?? []);
  const main = listMain({ runs: folder.runs(), sweeps: folder.sweeps(), bundles, at, pages });
  return pageResponse({ title: `Runs in ${folder.path}`, trail: [], main, events: "/events" });
}

function listEvents(folder: ServedFolder): Response {
  return eventStream(() => ({
    parts: { runs: runsPart(folder.runs()), sweeps: sweepsPart(folder.sweeps()) },
  }));
}

function runRoute(folder: ServedFolder, id: string, [part, ...more]: string[]): Response | null {
  if (!/^[0-9a-f]{16}$/.test(id) || more.length > 0) return null;
  const run = folder.run(id);
  if (part === "events") {
    return eventStream(() => {
      const current = folder.run(id);
      // The work folder is removed when the bundle is finished.
      if (!current) return { moved: "/" };
      return { parts: runParts(current, diaryOf(current.path)) };
    });
  }
  if (!run) return null;
  if (part === undefined) {
    const main = runMain(run, diaryOf(run.path));
    return pageResponse({ title: run.name, trail: [home(1)], main, events: `/run/${id}/events` });
  }
  return /^preview-[\w-]+\.png$/.test(part) ? media(bundleFiles(run.path), part) : null;
}

async function bundleRoute(
  folder: ServedFolder,
  name: string,
  [part, ...rest]: string[],
): Promise<Response | null> {
  const found = folder.bundle(name);
  if (!found) return null;
  const { path } = found.status;
  const trail = [home(2), { href: `../${name}`, text: found.folder }];
  switch (part) {
    case undefined: {
      const main = bundleMain(found, bundleFiles(path));
      return pageResponse({ title: found.folder, trail: [home(1)], main, events: null });
    }
    case "report":
      return await reportResponse(path);
    case "verify": {
      const { verifyBundle } = await import("../../report/verify.ts");
      const main = verifyMain(await verifyBundle(path));
      return pageResponse({ title: `Verifying ${name}`, trail, main, events: null });
    }
    case "file":
      return media(bundleFiles(path), rest.join("/"));
    default:
      return null;
  }
}

/** The bundle's report, drawn again, because the file in the bundle may contain anything. */
async function reportResponse(path: string): Promise<Response> {
  const { bundleReport } = await import("../../report/report.ts");
  return new Response(await bundleReport(path), {
    headers: { ...safeHeaders, "Content-Type": "text/html; charset=utf-8" },
  });
}

function comparePage(folder: ServedFolder, names: readonly string[]): Response {
  const selected = names.slice(0, maxCompared).flatMap((name) => folder.bundle(name) ?? []);
  const main = selected.length === 0
    ? html`<p>Select bundles on the first page.</p>`
    : compareMain(selected);
  return pageResponse({ title: "Side by side", trail: [home(0)], main, events: null });
}

/** A picture or film in a folder; only regular files, and never through a link. */
function media(files: BundleFiles, name: string): Response | null {
  const type = mediaTypes[name.split(".").at(-1) ?? ""];
  if (type === undefined || !files.has(name)) return null;
  return new Response(files.bytes(name), {
    headers: { ...safeHeaders, "Content-Type": type, "Content-Security-Policy": "sandbox" },
  });
}
