/**
 * The local server: one page for everything under a folder. It reads the files that runs write, so
 * it shows those of other processes and of other machines on a shared disk, and never writes.
 */
import { type BundleFiles, bundleFiles } from "../../bundle/open.ts";
import { UserError } from "../../messages/errors.ts";
import { html } from "../../report/markup.ts";
import { diaryOf } from "../../runner/status.ts";
import { type ServedPage, servedPage, servePolicy } from "../frame.ts";
import { bundleBody, compareBody, verifyBody } from "./bundle_page.ts";
import { eventStream } from "./events.ts";
import { bundlesAPage, type ServedFolder } from "./folder.ts";
import { answer, type Door, refusal, safeHeaders } from "./guard.ts";
import { listBody, runsPart, sweepsPart } from "./list_page.ts";
import { runBody, runParts } from "./run_page.ts";

/** Pictures and films that are handed out, by the end of their names. */
const mediaTypes: Readonly<Record<string, string>> = {
  png: "image/png",
  gif: "image/gif",
  mp4: "video/mp4",
};

/** The first page, from a page so many folders below it. */
const home = (depth: number) => ({
  href: depth === 0 ? "./" : "../".repeat(depth),
  words: "All runs",
});

/** Answers requests for a folder, after {@link refusal} has let them pass. */
export function serveHandler(
  folder: ServedFolder,
  door: Door,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const refused = refusal(request, door);
    if (refused) return refused;
    try {
      const response = await route(folder, new URL(request.url));
      return response ?? answer(404, "there is no such page");
    } catch (error) {
      if (error instanceof UserError) return answer(404, error.message);
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

/** A part of a path; what is no valid encoding is no name of anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "%";
  }
}

function pageOf(page: ServedPage): Response {
  return new Response(servedPage(page), {
    headers: {
      ...safeHeaders,
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": servePolicy,
    },
  });
}

function listPage(folder: ServedFolder, wanted: number): Response {
  const names = folder.bundleNames();
  const pages = Math.max(1, Math.ceil(names.length / bundlesAPage));
  const at = Number.isInteger(wanted) ? Math.min(Math.max(wanted, 0), pages - 1) : 0;
  const shown = names.slice(at * bundlesAPage, (at + 1) * bundlesAPage);
  const bundles = shown.flatMap((name) => folder.bundle(name) ?? []);
  const body = listBody({ runs: folder.runs(), sweeps: folder.sweeps(), bundles, at, pages });
  return pageOf({ title: `Runs in ${folder.path}`, trail: [], body, events: "/events" });
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
      const now = folder.run(id);
      // The place of work is gone when the bundle is there.
      if (!now) return { moved: "/" };
      return { parts: runParts(now, diaryOf(now.path)) };
    });
  }
  if (!run) return null;
  if (part === undefined) {
    const body = runBody(run, diaryOf(run.path));
    return pageOf({ title: run.name, trail: [home(1)], body, events: `/run/${id}/events` });
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
  const trail = [home(2), { href: `../${name}`, words: found.folder }];
  switch (part) {
    case undefined: {
      const body = bundleBody(found, bundleFiles(path));
      return pageOf({ title: found.folder, trail: [home(1)], body, events: null });
    }
    case "report":
      return await reportPage(path);
    case "verify": {
      const { verifyBundle } = await import("../../report/verify.ts");
      const body = verifyBody(await verifyBundle(path));
      return pageOf({ title: `Verifying ${name}`, trail, body, events: null });
    }
    case "file":
      return media(bundleFiles(path), rest.join("/"));
    default:
      return null;
  }
}

/** The bundle's report, drawn anew: the file that lies there may be anything. */
async function reportPage(path: string): Promise<Response> {
  const { bundleReport } = await import("../../report/report.ts");
  return new Response(await bundleReport(path), {
    headers: { ...safeHeaders, "Content-Type": "text/html; charset=utf-8" },
  });
}

function comparePage(folder: ServedFolder, names: readonly string[]): Response {
  const chosen = names.slice(0, 12).flatMap((name) => folder.bundle(name) ?? []);
  const body = chosen.length === 0
    ? html`<p>Choose bundles on the first page.</p>`
    : compareBody(chosen);
  return pageOf({ title: "Side by side", trail: [home(0)], body, events: null });
}

/** A picture or film inside a folder; regular files only, none behind a link. */
function media(files: BundleFiles, name: string): Response | null {
  const type = mediaTypes[name.split(".").at(-1) ?? ""];
  if (type === undefined || !files.has(name)) return null;
  return new Response(files.bytes(name), {
    headers: { ...safeHeaders, "Content-Type": type, "Content-Security-Policy": "sandbox" },
  });
}
