// Elements, tables and messages. Text is always text: nothing that a player typed becomes markup.

export const $ = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en");
export const number = (value) => (value === null || value === undefined ? "–" : whole.format(value));

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// What a person wrote, in its own direction; nothing where nothing was written.
export const written = (text) => (text ? make("bdi", {}, text) : "");

export const button = (text, act, attributes = {}) => make("button", { type: "button", onclick: act, ...attributes }, text);

export function when(text) {
  if (!text) return "–";
  const shown = `${text.slice(0, 10)} ${text.slice(11, 19)}`;
  return make("time", { datetime: text, title: text }, shown);
}

// columns: [head, value of a row, kind]; a value is text or an element.
export function table(columns, rows, caption) {
  const head = make("tr", {}, ...columns.map(([name, , kind]) => make("th", { scope: "col", class: kind }, name)));
  const body = make("tbody");
  const fill = (more) => body.append(...more.map((row) => make("tr", {}, ...columns.map(
    ([name, value, kind]) => make("td", { class: kind, "data-head": name }, value(row) ?? "")))));
  fill(rows);
  const element = make("table", { "aria-label": caption }, make("thead", {}, head), body);
  return { element, fill };
}

// A list that grows by pages: `load(cursor)` answers {items, nextCursor}.
export async function pages(place, columns, load, { caption, nothing }) {
  const first = await load(null);
  if (!first.items.length) {
    place.replaceChildren(make("p", { class: "nothing" }, nothing));
    return first;
  }
  const { element, fill } = table(columns, first.items, caption);
  let cursor = first.nextCursor;
  const more = button("Show more", () => tell(async () => {
    const page = await load(cursor);
    fill(page.items);
    cursor = page.nextCursor;
    more.hidden = cursor === null;
  }), { class: "more" });
  more.hidden = cursor === null;
  place.replaceChildren(element, more);
  return first;
}

export function say(text, bad = false) {
  $("said").textContent = text;
  $("said").className = bad ? "bad" : "";
}

// Does something and says what went wrong.
export async function tell(work) {
  try {
    return await work();
  } catch (problem) {
    say(problem.message, true);
    return null;
  }
}
