// Turns the images by a slider. Without this script every angle is shown, one below the other.
for (const player of document.querySelectorAll(".player")) {
  const frames = [...player.querySelectorAll("figure")];
  const controls = player.previousElementSibling;
  const slider = controls.querySelector("input"), output = controls.querySelector("output");
  const button = controls.querySelector("button");
  let timer = null, direction = 1;
  const show = (at) => {
    frames.forEach((frame, i) => {
      frame.hidden = i !== at;
    });
    slider.value = String(at);
    output.textContent = frames[at].dataset.label;
    slider.setAttribute("aria-valuetext", frames[at].dataset.label);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "Stop";
    timer = setInterval(() => {
      let at = Number(slider.value) + direction;
      if (at < 0 || at >= frames.length) {
        direction = -direction;
        at = Number(slider.value) + direction;
      }
      show(at);
    }, Number(controls.dataset.ms));
  });
  controls.hidden = false;
  show(Number(slider.value));
}
