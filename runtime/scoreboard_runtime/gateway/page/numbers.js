// Numbers as they are shown, and numbers that count up to what they became.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 30rem)");
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const LONG = 1e9; // from here on a narrow screen gets the short form
const COUNT_MS = 600;
const running = new WeakMap();

export const still = () => calm.matches;
export const shown = (value) => whole.format(value);

function write(element, value) {
  element.textContent = narrow.matches && value >= LONG ? short.format(value) : whole.format(value);
}

narrow.addEventListener("change", () => {
  for (const element of document.querySelectorAll("[data-counts]")) {
    write(element, running.get(element).now);
  }
});

// Shows `target`, counting from whatever is shown now.
export function count(element, target) {
  const state = running.get(element) ?? { now: target, target };
  if (running.has(element) && state.target === target) return;
  state.target = target;
  element.title = whole.format(target);
  running.set(element, state);
  element.dataset.counts = "";
  cancelAnimationFrame(state.frame);
  if (calm.matches || document.hidden || state.now === target) {
    state.now = target;
    write(element, target);
    return;
  }
  const from = state.now;
  const began = performance.now();
  const step = (time) => {
    const part = Math.min(1, Math.max(0, (time - began) / COUNT_MS));
    state.now = part === 1 ? target : Math.round(from + (target - from) * (1 - (1 - part) ** 4));
    write(element, state.now);
    if (part < 1) state.frame = requestAnimationFrame(step);
  };
  state.frame = requestAnimationFrame(step);
}
