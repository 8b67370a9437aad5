// The standings on screen: rows glide to their new rank, scores count up.

import { count, shown, still } from "/page/numbers.js";
import { Spark } from "/page/spark.js";

const GLIDE_MS = 520;
const EASE = "cubic-bezier(.2, .8, .2, 1)";
const MARK_MS = 2200;
const TELL_EVERY = 10_000;

function row(template) {
  const item = template.content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(`.${name}`);
  return {
    item, rank: null, score: null, mark: null, way: null, flash: null,
    place: part("place"), player: part("player"), move: part("move"), points: part("score"),
    glow: part("glow"), spark: new Spark(part("spark")),
  };
}

function arrive({ item }) {
  const frames = [{ opacity: 0, transform: "translateY(.8rem)" }, { opacity: 1, transform: "none" }];
  return item.animate(frames, { duration: GLIDE_MS, easing: EASE });
}

function travel({ item }, way) {
  if (Math.abs(way) < 1) return null;
  item.style.zIndex = way > 0 ? 2 : 1; // who rises passes in front
  const frames = [{ transform: `translateY(${way}px)` }, { transform: "none" }];
  const animation = item.animate(frames, { duration: GLIDE_MS, easing: EASE });
  animation.onfinish = () => { item.style.zIndex = ""; };
  return animation;
}

export class Board {
  // `news` is where changes of the lead are told, for who does not see them.
  constructor({ list, template, news = null }) {
    Object.assign(this, { list, template, news });
    this.rows = new Map(); // user id -> what is shown of the user
    this.me = null;
    this.told = { at: 0, leader: null };
  }

  show(entries) {
    const seen = new Map([...this.rows].map(([id, { item }]) => [id, item.getBoundingClientRect()]));
    const kept = new Set(entries.map((entry) => entry.userId));
    for (const [id, { item }] of this.rows) {
      if (kept.has(id)) continue;
      this.rows.delete(id);
      this.leave(item, seen.get(id));
    }
    const most = Math.max(1, ...entries.map((entry) => entry.score));
    for (const entry of entries) this.fill(entry, entry.score / most);
    this.order(entries);
    if (!still() && !document.hidden) this.glide(seen);
    this.tell(entries[0]);
  }

  // Once a second: the lines of those who stand still grow too.
  age() { for (const { spark, score } of this.rows.values()) spark.sample(score); }

  claim(id) {
    this.me = id;
    for (const [other, { item }] of this.rows) item.classList.toggle("mine", other === id);
  }

  fill(entry, share) {
    const known = this.rows.get(entry.userId) ?? row(this.template);
    const { item } = known;
    this.rows.set(entry.userId, known);
    item.dataset.rank = entry.rank;
    item.dataset.user = entry.userId;
    item.classList.toggle("mine", entry.userId === this.me);
    item.style.setProperty("--share", share.toFixed(4));
    known.place.textContent = shown(entry.rank);
    if (known.player.textContent !== entry.username) {
      known.player.textContent = known.player.title = entry.username;
    }
    known.spark.sample(entry.score);
    if (known.rank !== null && known.rank !== entry.rank) this.mark(known, known.rank - entry.rank);
    if (known.score !== null && known.score < entry.score) this.flash(known);
    known.rank = entry.rank;
    known.score = entry.score;
    count(known.points, entry.score);
  }

  // Only rows that stand in the wrong place are moved: focus and selection stay where they are.
  order(entries) {
    let next = this.list.firstElementChild;
    for (const { userId } of entries) {
      const { item } = this.rows.get(userId);
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    }
  }

  mark(known, places) {
    clearTimeout(known.mark);
    known.move.textContent = places > 0 ? `▲ ${places}` : `▼ ${-places}`;
    known.move.className = `move ${places > 0 ? "up" : "down"}`;
    known.mark = setTimeout(() => known.move.classList.add("old"), MARK_MS);
  }

  flash(known) {
    if (still()) return;
    known.flash?.cancel();
    known.flash = known.glow.animate([{ opacity: 1 }, { opacity: 0 }], { duration: 900, easing: "ease-out" });
  }

  // From where a row is seen to where it belongs; one on its way turns without a jump. Nothing is asked
  // of the page between two changes of it: each such question would lay it out anew.
  glide(seen) {
    const rows = [...this.rows];
    for (const [, known] of rows) known.way?.cancel();
    const tops = rows.map(([, { item }]) => item.getBoundingClientRect().top);
    rows.forEach(([id, known], index) => {
      const from = seen.get(id);
      known.way = from === undefined ? arrive(known) : travel(known, from.top - tops[index]);
    });
  }

  leave(item, from) {
    item.remove();
    if (still() || document.hidden || from === undefined) return;
    const ghost = item.cloneNode(true);
    const frame = this.list.getBoundingClientRect();
    ghost.classList.add("ghost");
    ghost.setAttribute("aria-hidden", "true");
    ghost.style.top = `${from.top - frame.top}px`;
    this.list.parentElement.append(ghost);
    const frames = [{ opacity: 1 }, { opacity: 0, transform: "translateY(1.2rem)" }];
    ghost.animate(frames, { duration: 300, easing: "ease-in" }).onfinish = () => ghost.remove();
  }

  // Ten versions a second are no news: who leads is told, now and then.
  tell(first) {
    const now = Date.now();
    if (!this.news || !first || first.userId === this.told.leader || now - this.told.at < TELL_EVERY) return;
    this.told = { at: now, leader: first.userId };
    this.news.textContent = `${first.username} leads with ${shown(first.score)} points`;
  }
}
