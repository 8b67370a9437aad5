// The standings on screen: rows glide to their new rank, scores count up.

const MEDALS = ["🥇", "🥈", "🥉"];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const number = new Intl.NumberFormat();

function row() {
  const item = document.createElement("li");
  for (const name of ["rank", "player", "move", "score"]) {
    const part = document.createElement("span");
    part.className = name;
    item.append(part);
  }
  item.children[1].dir = "auto";
  return item;
}

function count(element, from, to) {
  element.dataset.value = to;
  if (calm.matches || from === to || from === undefined) { element.textContent = number.format(to); return; }
  const start = performance.now();
  const step = (now) => {
    if (Number(element.dataset.value) !== to) return;
    const part = Math.min(1, (now - start) / 500);
    element.textContent = number.format(Math.round(from + (to - from) * (1 - (1 - part) ** 3)));
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

export class Board {
  constructor(list) { this.list = list; this.rows = new Map(); this.me = null; }

  show(entries) {
    const before = new Map([...this.rows].map(([id, item]) => [id, item.getBoundingClientRect().top]));
    const kept = new Set(entries.map((entry) => entry.userId));
    for (const [id, item] of this.rows) if (!kept.has(id)) { item.remove(); this.rows.delete(id); }
    for (const entry of entries) this.fill(entry);
    if (!calm.matches) for (const [id, item] of this.rows) this.glide(item, before.get(id));
  }

  fill(entry) {
    const item = this.rows.get(entry.userId) ?? row();
    const [rank, player, move, score] = item.children;
    const old = Number(item.dataset.rank || entry.rank);
    item.dataset.rank = entry.rank;
    item.classList.toggle("mine", entry.userId === this.me);
    rank.textContent = MEDALS[entry.rank - 1] ?? entry.rank;
    rank.toggleAttribute("data-medal", entry.rank <= MEDALS.length);
    player.textContent = player.title = entry.username;
    if (old !== entry.rank) {
      move.textContent = old > entry.rank ? `▲ ${old - entry.rank}` : `▼ ${entry.rank - old}`;
      move.className = `move ${old > entry.rank ? "up" : "down"}`;
      setTimeout(() => { move.className = "move"; }, 1500);
    }
    count(score, score.dataset.value === undefined ? undefined : Number(score.dataset.value), entry.score);
    this.rows.set(entry.userId, item);
    this.list.append(item);
  }

  glide(item, top) {
    const now = item.getBoundingClientRect().top;
    if (top === undefined) item.animate([{ opacity: 0 }, { opacity: 1 }], 400);
    else if (top !== now) item.animate([{ transform: `translateY(${top - now}px)` }, { transform: "none" }], { duration: 450, easing: "cubic-bezier(.2,.8,.2,1)" });
  }
}
