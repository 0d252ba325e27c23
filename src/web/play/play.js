// The playground's page: starts the worker, sends it the settings, and shows what it draws.
const byId = (id) => document.getElementById(id);
const form = byId("controls");
const models = JSON.parse(byId("models").textContent);

/** The current drawing: its settings, and the steps of each model and angle. */
let drawing = { id: 0, request: null, steps: [] };
let busy = false;

/** The bytes in an element of the page: gzip in base64. The element is removed to free memory. */
async function unpacked(id) {
  const element = byId(id);
  // The weights of a large model come from a script next to the page.
  const text = atob(element ? element.textContent : globalThis.playFiles[id]);
  element?.remove();
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function startWorker() {
  const program = await unpacked("worker");
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }) => handlers[data.kind](data);
  worker.onerror = ({ message }) => handlers.failed({ message });
  byId("engine").textContent = "Loading the model ...";
  const wasm = await unpacked("wasm");
  const weights = await Promise.all(models.map((_, i) => unpacked(`weights-${i}`)));
  // #wasm or #webgpu at the end of the address chooses this engine.
  const choice = ["wasm", "webgpu"].find((engine) => location.hash === `#${engine}`) ?? "auto";
  worker.postMessage({ kind: "open", choice, wasm, models, weights });
  return worker;
}

const handlers = {
  ready({ engine, reason }) {
    byId("engine").textContent = `Ready: drawing on ${reason} (${engine}).`;
    setBusy(false);
    form.requestSubmit();
  },
  step({ id, model, angle, step, steps, timestep, state, prediction }) {
    if (id !== drawing.id) return;
    drawing.steps[model][angle][step] = { timestep, state, prediction };
    const { angles } = drawing.request;
    const done = (model * angles.length + angle) * steps + step;
    const all = models.length * angles.length * steps;
    byId("progress").value = done / all;
    byId("status").textContent = `Drawing: step ${done} of ${all}`;
    showModel(model);
  },
  drawn({ id, milliseconds }) {
    if (id !== drawing.id) return;
    setBusy(false);
    byId("status").textContent = `Drawn in ${(milliseconds / 1000).toFixed(1)} s.`;
  },
  stopped({ id }) {
    if (id !== drawing.id) return;
    setBusy(false);
    byId("status").textContent = "Stopped.";
  },
  failed({ message }) {
    setBusy(false);
    byId("status").textContent = `Failed: ${message}`;
  },
};

function setBusy(value) {
  busy = value;
  byId("draw").disabled = value;
  byId("stop").disabled = !value;
  byId("progress").hidden = !value;
}

/** The settings in the form. */
function settings() {
  const field = (name) => form.elements.namedItem(name);
  const number = (name, otherwise) => {
    const input = field(name);
    return input && input.value !== "" && input.checkValidity() ? Number(input.value) : otherwise;
  };
  const allAngles = field("angles").checked;
  return {
    seed: number("seed", 1),
    count: number("count", 4),
    sampler: field("sampler").value,
    steps: number("steps", 30),
    label: number("label", null),
    guidance: number("guidance", null),
    angles: allAngles ? [0, 45, 90, 135, 180, 225, 270, 315] : [number("rotation", 0)],
    shift: { columns: number("columns", 0), rows: number("rows", 0) },
  };
}

function draw(worker) {
  const request = settings();
  const empty = () => request.angles.map(() => []);
  drawing = { id: drawing.id + 1, request, steps: models.map(empty) };
  const slider = byId("step");
  slider.max = String(request.steps);
  slider.value = slider.max;
  slider.disabled = false;
  byId("prediction").disabled = false;
  setBusy(true);
  byId("status").textContent = "Drawing ...";
  worker.postMessage({ kind: "draw", id: drawing.id, request });
}

/** The step that the slider selects, or the last one before it that has been drawn. */
function selectedStep(steps) {
  const selected = Number(byId("step").value);
  for (let step = Math.min(selected, steps.length - 1); step >= 0; step--) {
    if (steps[step]) return { ...steps[step], step };
  }
  return null;
}

function showModel(model) {
  const { imageSize: size, channels } = models[model].network;
  const { angles, count } = drawing.request;
  const hasAngles = angles.length > 1;
  const [columns, rows] = hasAngles
    ? [angles.length, count]
    : [Math.min(count, 4), Math.ceil(count / 4)];
  const canvas = byId(`canvas-${model}`);
  const [width, height] = [columns * (size + 1) - 1, rows * (size + 1) - 1];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  let last = null;
  for (let angle = 0; angle < angles.length; angle++) {
    const selected = selectedStep(drawing.steps[model][angle]);
    if (!selected) continue;
    last = selected;
    const isPrediction = byId("prediction").checked && selected.prediction;
    const pixels = isPrediction ? selected.prediction : selected.state;
    for (let image = 0; image < count; image++) {
      const [column, row] = hasAngles ? [angle, image] : [image % 4, Math.floor(image / 4)];
      const data = rgba(pixels, image * size * size * channels, size, channels);
      context.putImageData(data, column * (size + 1), row * (size + 1));
    }
  }
  if (!last) return;
  byId("shown-step").textContent = `step ${last.step}, timestep ${last.timestep}`;
  const kind = byId("prediction").checked ? "predictions" : "images";
  canvas.setAttribute(
    "aria-label",
    `${count * angles.length} ${kind} by ${models[model].label} at step ${last.step}`,
  );
}

function rgba(pixels, from, size, channels) {
  const image = new ImageData(size, size);
  for (let pixel = 0; pixel < size * size; pixel++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * pixel + c] = pixels[from + pixel * channels + (channels === 3 ? c : 0)];
    }
    image.data[4 * pixel + 3] = 255;
  }
  return image;
}

const redraw = () => drawing.request && models.forEach((_, model) => showModel(model));
byId("step").addEventListener("input", redraw);
byId("prediction").addEventListener("change", redraw);
startWorker().then((worker) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!busy) draw(worker);
  });
  byId("stop").addEventListener("click", () => worker.postMessage({ kind: "stop" }));
}, (error) => handlers.failed({ message: error.message }));
