/** One engine for many runs, one after the other. */
import type { EngineName } from "../engines/engine.ts";
import { type Engine, openEngine } from "../engines/mod.ts";
import type { EngineProvider } from "./run.ts";

/** An engine that stays open until a run needs another precision or number of threads. */
export interface SharedEngine extends Disposable {
  /** The engine for a run. */
  open: EngineProvider;
  /** Closes it; the next run opens it anew. */
  close(): void;
  /** Whether an error is that of an engine that could not be opened: no other run could either. */
  refused(error: unknown): boolean;
}

/** Keeps an engine; it is opened when the first run asks for it. */
export function shareEngine(name: EngineName | "auto"): SharedEngine {
  let kept: { engine: Engine; needs: string } | null = null;
  let refusal: unknown = null;
  const close = () => {
    const { engine } = kept ?? {};
    kept = null;
    engine?.dispose();
  };
  return {
    async open(options) {
      const needs = JSON.stringify([options.precision, options.threads ?? null]);
      if (kept?.needs === needs) return kept.engine;
      close();
      try {
        kept = { engine: await openEngine(name, options), needs };
        return kept.engine;
      } catch (error) {
        refusal = error;
        throw error;
      }
    },
    close,
    refused: (error) => error === refusal,
    [Symbol.dispose]: close,
  };
}
