/** Server-sent events: parts of a page, sent when they change. */
import type { Html } from "../../report/markup.ts";
import { safeHeaders } from "./guard.ts";

/** The interval at which the folder is read again, in milliseconds. */
const intervalMs = 1500;

/** The current parts of a page by their ids, or the address to which the page has moved. */
export type PageState = { parts: Record<string, Html> } | { moved: string };

/**
 * A stream of the parts that change, until the browser closes it.
 *
 * @param read reads the folder; an error ends the stream
 */
export function eventStream(read: () => PageState | Promise<PageState>): Response {
  const sent = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;
  const encoder = new TextEncoder();
  const sendChanges = (
    parts: Record<string, Html>,
    send: (event: string, data: unknown) => void,
  ): void => {
    for (const [id, part] of Object.entries(parts)) {
      const html = part.toString();
      if (sent.get(id) === html) continue;
      sent.set(id, html);
      send("part", { id, html });
    }
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, data: unknown) =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      const update = async (): Promise<void> => {
        try {
          const state = await read();
          if (!isOpen) return;
          if ("moved" in state) send("moved", state.moved);
          else sendChanges(state.parts, send);
          // An empty comment, which fails if the browser has closed the connection.
          controller.enqueue(encoder.encode(":\n\n"));
          timer = setTimeout(update, intervalMs);
        } catch {
          if (isOpen) controller.close();
        }
      };
      update();
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
