// The player's own place, always in sight: the row, its neighbours, how many are behind.

import { Board } from "/page/board.js";
import { shown } from "/page/numbers.js";

const NEIGHBOURS = 1;
const NOT_SOONER = 1000; // however fast the standings move

export class Around {
  // `place` is where the rank is shown besides.
  constructor({ section, list, template, said, place, news, client }) {
    Object.assign(this, { section, said, place, news, client });
    this.board = new Board({ list, template });
    this.asked = -Infinity;
    this.rank = null;
  }

  claim(id) { this.board.claim(id); }

  // The standings moved, or the own score did: asks again, but once a second at most.
  moved() {
    this.stale = true;
    if (this.board.me === null || this.waiting) return;
    const wait = Math.max(0, this.asked + NOT_SOONER - Date.now());
    this.waiting = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    this.asked = Date.now();
    this.stale = false;
    try { this.show(await this.client.around(NEIGHBOURS)); } catch { /* the next change asks again */ }
    this.waiting = null;
    if (this.stale) this.moved(); // while the answer was on its way
  }

  show({ rank, percentile, total, entries }) {
    this.section.hidden = rank === null;
    if (rank === null) return;
    this.place.textContent = `#${shown(rank)}`; // others may have moved it
    const behind = Math.floor(percentile * 10) / 10;
    this.said.textContent = total > 1 ? `#${shown(rank)} of ${shown(total)} · ahead of ${behind} %` : "#1, alone so far";
    this.board.show(entries);
    if (this.rank !== null && this.rank !== rank) this.news.textContent = `You are number ${shown(rank)} of ${shown(total)}`;
    this.rank = rank;
  }
}
