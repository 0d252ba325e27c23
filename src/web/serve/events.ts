/** Server-sent events: parts of a page, sent when they have changed. */
import type { Html } from "../../report/markup.ts";
import { safeHeaders } from "./guard.ts";

/** Milliseconds between two looks at the folder. */
const everyMs = 1500;

/** What a look found: parts of the page by their ids, or where the page has moved. */
export type Look = { parts: Record<string, Html> } | { moved: string };

/**
 * A stream that looks again and again, and sends what has changed since, until the browser goes.
 *
 * @param look reads the folder; what it throws ends the stream
 */
export function eventStream(look: () => Look | Promise<Look>): Response {
  const sent = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, data: unknown) =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      const again = async (): Promise<void> => {
        try {
          const found = await look();
          if (!isOpen) return;
          if ("moved" in found) send("moved", found.moved);
          else {
            for (const [id, part] of Object.entries(found.parts)) {
              const html = part.toString();
              if (sent.get(id) === html) continue;
              sent.set(id, html);
              send("part", { id, html });
            }
          }
          // A line that says nothing, so that a browser that is gone is noticed.
          controller.enqueue(encoder.encode(":\n\n"));
          timer = setTimeout(again, everyMs);
        } catch {
          if (isOpen) controller.close();
        }
      };
      again();
    },
    cancel() {
      isOpen = false;
      clearTimeout(timer);
    },
  });
  return new Response(body, {
    headers: { ...safeHeaders, "Content-Type": "text/event-stream; charset=utf-8" },
  });
}
