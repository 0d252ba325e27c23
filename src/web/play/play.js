// The playground's page: starts the worker, asks it to draw, shows what it sends.
const byId = (id) => document.getElementById(id);
const form = byId("controls");
const models = JSON.parse(byId("models").textContent);

/** What was drawn last: its request, and for each model and angle the moments, by step. */
let drawing = { id: 0, request: null, moments: [] };
let busy = false;

/** The bytes of a part of the page: base64 of gzip. The part is removed, to free its text. */
async function unpacked(id) {
  const element = byId(id);
  // Of a large model it lies in a script beside the page.
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
  worker.onmessage = ({ data }) => answers[data.kind](data);
  worker.onerror = ({ message }) => answers.failed({ message });
  byId("engine").textContent = "Loading the model ...";
  const wasm = await unpacked("wasm");
  const weights = await Promise.all(models.map((_, i) => unpacked(`weights-${i}`)));
  // #wasm or #webgpu behind the address takes that engine.
  const wanted = ["wasm", "webgpu"].find((engine) => location.hash === `#${engine}`) ?? "auto";
  worker.postMessage({ kind: "open", wanted, wasm, models, weights });
  return worker;
}

const answers = {
  ready({ engine, why }) {
    byId("engine").textContent = `Ready: ${why}. (${engine})`;
    setBusy(false);
    form.requestSubmit();
  },
  moment({ id, model, angle, step, steps, timestep, state, guess }) {
    if (id !== drawing.id) return;
    drawing.moments[model][angle][step] = { timestep, state, guess };
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
    byId("status").textContent = `It failed: ${message}`;
  },
};

function setBusy(value) {
  busy = value;
  byId("draw").disabled = value;
  byId("stop").disabled = !value;
  byId("progress").hidden = !value;
}

/** What the form asks for. */
function requestOf() {
  const field = (name) => form.elements.namedItem(name);
  const number = (name, otherwise) => {
    const input = field(name);
    return input && input.value !== "" && input.checkValidity() ? Number(input.value) : otherwise;
  };
  const turned = field("angles").checked;
  return {
    seed: number("seed", 1),
    count: number("count", 4),
    sampler: field("sampler").value,
    steps: number("steps", 30),
    label: number("label", null),
    guidance: number("guidance", null),
    angles: turned ? [0, 45, 90, 135, 180, 225, 270, 315] : [number("turn", 0)],
    shift: { columns: number("columns", 0), rows: number("rows", 0) },
  };
}

function draw(worker) {
  const request = requestOf();
  const empty = () => request.angles.map(() => []);
  drawing = { id: drawing.id + 1, request, moments: models.map(empty) };
  const slider = byId("moment");
  slider.max = String(request.steps);
  slider.value = slider.max;
  slider.disabled = false;
  byId("guess").disabled = false;
  setBusy(true);
  byId("status").textContent = "Drawing ...";
  worker.postMessage({ kind: "draw", id: drawing.id, request });
}

/** The moment that the slider asks for, or the last one before it that there is. */
function momentAt(list) {
  const wanted = Number(byId("moment").value);
  for (let step = Math.min(wanted, list.length - 1); step >= 0; step--) {
    if (list[step]) return { ...list[step], step };
  }
  return null;
}

function showModel(model) {
  const { imageSize: size, channels } = models[model].network;
  const { angles, count } = drawing.request;
  const turned = angles.length > 1;
  const [columns, rows] = turned
    ? [angles.length, count]
    : [Math.min(count, 4), Math.ceil(count / 4)];
  const canvas = byId(`canvas-${model}`);
  const [width, height] = [columns * (size + 1) - 1, rows * (size + 1) - 1];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  let last = null;
  for (let angle = 0; angle < angles.length; angle++) {
    const moment = momentAt(drawing.moments[model][angle]);
    if (!moment) continue;
    last = moment;
    const guessed = byId("guess").checked && moment.guess;
    const pixels = guessed ? moment.guess : moment.state;
    for (let image = 0; image < count; image++) {
      const [column, row] = turned ? [angle, image] : [image % 4, Math.floor(image / 4)];
      const data = rgba(pixels, image * size * size * channels, size, channels);
      context.putImageData(data, column * (size + 1), row * (size + 1));
    }
  }
  if (!last) return;
  byId("when").textContent = `step ${last.step}, timestep ${last.timestep}`;
  const kind = byId("guess").checked ? "guesses" : "images";
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
byId("moment").addEventListener("input", redraw);
byId("guess").addEventListener("change", redraw);
startWorker().then((worker) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!busy) draw(worker);
  });
  byId("stop").addEventListener("click", () => worker.postMessage({ kind: "stop" }));
}, (error) => answers.failed({ message: error.message }));
