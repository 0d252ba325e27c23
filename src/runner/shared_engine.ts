/** One engine, shared by runs that follow one another. */
import type { EngineName } from "../engines/engine.ts";
import { type Engine, openEngine } from "../engines/mod.ts";
import type { EngineProvider } from "./run.ts";

/** An engine that stays open until a run needs a different precision or number of threads. */
export interface SharedEngine extends Disposable {
  /** Opens the engine for a run, or returns the open one. */
  open: EngineProvider;
  /** Closes the engine; the next run opens it again. */
  close(): void;
  /** Whether this error came from opening the engine: then no other run can open it either. */
  isOpenError(error: unknown): boolean;
}

/** Shares an engine, which is opened when the first run needs it. */
export function shareEngine(name: EngineName | "auto"): SharedEngine {
  let opened: { engine: Engine; needs: string } | null = null;
  let openError: unknown = null;
  const close = () => {
    const { engine } = opened ?? {};
    opened = null;
    engine?.dispose();
  };
  return {
    async open(options) {
      const needs = JSON.stringify([options.precision, options.threads ?? null]);
      if (opened?.needs === needs) return opened.engine;
      close();
      try {
        opened = { engine: await openEngine(name, options), needs };
        return opened.engine;
      } catch (error) {
        openError = error;
        throw error;
      }
    },
    close,
    isOpenError: (error) => error === openError,
    [Symbol.dispose]: close,
  };
}
