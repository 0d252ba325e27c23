/**
 * Time that a part of the work takes for something else than its units: previews while training.
 */
export interface Besides {
  /** Since the last update. */
  pausedSeconds: number;
  /** Still to come. */
  secondsLeft: number;
}

/** What happened in a run, for those who write it down; people are told by messages. */
export type RunEvent =
  | { event: "preview"; step: number; epoch: number; file: string }
  | ScoreEvent;

/** A score of the run's samples, or, while it trains, of what `of` says. */
export interface ScoreEvent {
  /** What kind of event it is. */
  event: "score";
  /** The score's name. */
  metric: string;
  /** The score. */
  value: number;
  /** Its standard error; null if it is unknown. */
  standardError: number | null;
  /** The training step that it belongs to. */
  step: number;
  /** While training: of how many images, drawn how. */
  of?: string;
}

/** Whom a run tells how far it is. The command line's progress display is one. */
export interface Reporter {
  /** Starts a part of the work: its name, how many units it has, and what is counted. */
  phase(name: string, total: number, unit: string): void;
  /** Says how many units are done, and what took or will take time beside them. */
  update(done: number, fields?: Readonly<Record<string, string | number>>, besides?: Besides): void;
  /** Says something. */
  message(text: string): void;
  /** Ends the part. */
  done(): void;
  /** Takes down what happened; those who only show leave it away. */
  record?(event: RunEvent): void;
}

/** Tells nobody. */
export const silent: Reporter = { phase() {}, update() {}, message() {}, done() {} };

/** Seconds as people say them when they are guessed: "40 s", "12 min", "5 h 10 min". */
export function roughly(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const rounded = Math.round(minutes / 10) * 10;
  return `${Math.floor(rounded / 60)} h ${String(rounded % 60).padStart(2, "0")} min`;
}
