/** The controls and results of the playground's page. */
import { type Html, html } from "../../report/markup.ts";
import type { PlayModel } from "./protocol.ts";

function options(entries: readonly (readonly [value: string, text: string])[]): Html[] {
  return entries.map(([value, text]) => html`<option value="${value}">${text}</option>`);
}

function classControls(classNames: readonly string[], guidance: number): Html {
  const classes = classNames.map((name, i) => [String(i), name] as const);
  return html`
    <label>Class
      <select name="label">${options([["", "all, in turn"], ...classes])}</select>
    </label>
    <label>Guidance
      <input name="guidance" type="number" value="${guidance}" min="0" max="20" step="0.5">
    </label>
  `;
}

/** The form with the settings. */
export function controls(models: readonly PlayModel[]): Html {
  const classNames = models.find(({ classNames }) => classNames)?.classNames ?? null;
  const guidance = models[0]?.sampling.guidance ?? 1;
  return html`
    <form id="controls" aria-label="Settings">
      ${classNames && classControls(classNames, guidance)}
      <label>Images
        <input name="count" type="number" value="4" min="1" max="16" step="1">
      </label>
      <label>Seed
        <input name="seed" type="number" value="1" min="0" max="4294967295" step="1">
      </label>
      <label>Sampler
        <select name="sampler">
          ${options([
            ["ancestral", "ancestral"],
            ["ddim", "DDIM"],
            ["dpm-solver++", "DPM-Solver++"],
          ])}
        </select>
      </label>
      <label>Steps
        <input name="steps" type="number" value="30" min="1" max="999" step="1">
      </label>
      <label>Rotation, degrees
        <input name="rotation" type="number" value="0" min="-360" max="360" step="1">
      </label>
      <label>Shift right, pixels
        <input name="columns" type="number" value="0" min="-64" max="64" step="0.5">
      </label>
      <label>Shift down, pixels
        <input name="rows" type="number" value="0" min="-64" max="64" step="0.5">
      </label>
      <label class="check">
        <input name="angles" type="checkbox"> Eight angles of the same noise
      </label>
      <div class="buttons">
        <button type="submit" id="draw" class="primary" disabled>Draw</button>
        <button type="button" id="stop" disabled>Stop</button>
      </div>
    </form>
  `;
}

/** Progress, the slider of steps, and a canvas for each model. */
export function results(models: readonly PlayModel[]): Html {
  const figures = models.map(({ label, name }, i) =>
    html`
      <figure>
        <figcaption><strong>${label}</strong> <span class="faint">${name}</span></figcaption>
        <canvas id="canvas-${i}" role="img" width="1" height="1"
          aria-label="Nothing drawn yet"></canvas>
      </figure>
    `
  );
  return html`
    <section aria-label="Results">
      <p id="status" role="status" aria-live="polite"></p>
      <progress id="progress" max="1" value="0" aria-label="Progress" hidden></progress>
      <div class="step">
        <label>Step
          <input id="step" type="range" min="0" max="30" value="30" step="1" disabled>
        </label>
        <output id="shown-step" for="step"></output>
        <label class="check">
          <input id="prediction" type="checkbox" disabled> Show the predicted clean image
        </label>
      </div>
      <div class="models">${figures}</div>
    </section>
  `;
}
