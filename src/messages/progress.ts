/** The interface between a long job and the display of its progress. */

/** Figures shown beside the count, in order: `{ epoch: "3/16", loss: 0.031, "images/s": 283 }`. */
export type ProgressFields = Readonly<Record<string, string | number>>;

/** Time that a phase spends on something other than its units, such as previews in training. */
export interface Overhead {
  /** Seconds spent since the last update. */
  pausedSeconds: number;
  /** Seconds still to come. */
  secondsLeft: number;
}

/** An event of a run, recorded in its diary. People read messages instead. */
export type RunEvent =
  | { event: "preview"; step: number; epoch: number; file: string }
  | ScoreEvent;

/** A score: of the run's samples, or of what `of` says, while the run trains. */
export interface ScoreEvent {
  /** The kind of event. */
  event: "score";
  /** The score's name. */
  metric: string;
  /** The score. */
  value: number;
  /** Its standard error; null if unknown. */
  standardError: number | null;
  /** The training step at which it was computed. */
  step: number;
  /** What was scored: how many images, and how they were drawn. Absent for the run's samples. */
  of?: string;
}

/** Receives the progress of a job. The progress bar of the command line is one implementation. */
export interface Progress {
  /**
   * Starts a phase and ends the one before.
   *
   * @param name what is being done, such as `training`
   * @param total number of units
   * @param unit plural name of a unit, such as `steps`; `bytes` are shown as MB
   */
  phase(name: string, total: number, unit: string): void;
  /**
   * Reports how many units are done. The first call of a phase starts the clock: the time before it
   * (compiling a step, steps of an earlier run) does not count towards the time left.
   */
  update(done: number, fields?: ProgressFields, overhead?: Overhead): void;
  /** Shows a message on a line of its own. */
  message(text: string): void;
  /** Ends the phase. */
  done(): void;
  /** Records an event. Implementations that only display progress omit it. */
  record?(event: RunEvent): void;
}

/** Ignores all progress. */
export const silentProgress: Progress = { phase() {}, update() {}, message() {}, done() {} };
