// Updates parts of the page as the server sends them, and shows pictures at full size.
const connection = document.getElementById("connection");
const { events } = connection.dataset;

if (events) {
  const source = new EventSource(events);
  source.addEventListener("part", ({ data }) => {
    const { id, html } = JSON.parse(data);
    const part = document.getElementById(id);
    // The server has escaped all values from files.
    if (part && part.innerHTML !== html) part.innerHTML = html;
  });
  source.addEventListener("moved", ({ data }) => location.assign(JSON.parse(data)));
  source.onopen = () => {
    connection.textContent = "";
  };
  source.onerror = () => {
    connection.textContent = "No connection to the server. This page shows the last known state.";
  };
}

const viewer = document.getElementById("viewer");
const [shown, caption, close] = viewer.children;
const pictures = () => [...document.querySelectorAll("button.picture img")];
let at = -1;

function show(index) {
  const all = pictures();
  if (all.length === 0) return;
  at = (index + all.length) % all.length;
  shown.src = all[at].src;
  shown.alt = all[at].alt;
  caption.textContent = `${all[at].alt} (${at + 1} of ${all.length}; arrow keys: next, previous)`;
  if (!viewer.open) viewer.showModal();
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button.picture") : null;
  if (button) show(pictures().indexOf(button.querySelector("img")));
});
close.addEventListener("click", () => viewer.close());
viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight") show(at + 1);
  else if (event.key === "ArrowLeft") show(at - 1);
  else return;
  event.preventDefault();
});
