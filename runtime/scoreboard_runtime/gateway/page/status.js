// The connection as people see it: its state, by which way, what is resumed, how late news is.

import { shown } from "/page/numbers.js";

const WAYS = { socket: "WebSocket", stream: "event stream" };
const RESUMED_FOR = 5000;
const SAMPLES = 200;

/** The value that `share` (0 to 1) of the samples do not pass; null without samples. */
export function percentile(samples, share) {
  if (!samples.length) return null;
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Where a latency stands on the gauge, 0 to 1: a logarithm from 1 ms to 10 s. */
export const place = (ms) => Math.min(1, Math.log10(Math.max(1, ms)) / 4);

const milliseconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** From the server's admission of an action to this screen, by the server's clock. */
export class Latency {
  constructor({ value, gauge, now }) {
    Object.assign(this, { value, gauge, now });
    this.samples = [];
    this.newest = -Infinity; // admission of the newest change that was seen
  }

  // Only what is pushed was under way; a snapshot shows what happened while nobody looked.
  heard(entries, pushed) {
    const newest = Math.max(...entries.map((entry) => Date.parse(entry.reachedAt)));
    if (newest <= this.newest) return;
    this.newest = newest;
    if (!pushed) return;
    this.samples.push(Math.max(0, this.now() - newest));
    if (this.samples.length > SAMPLES) this.samples.shift();
  }

  show() {
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(this.samples, share));
    if (p50 === null) return;
    this.value.textContent = `${milliseconds(p50)} · ${milliseconds(p99)}`;
    this.gauge.dataset.level = p99 < 300 ? "good" : p99 < 1500 ? "fair" : "poor";
    this.gauge.style.setProperty("--p50", place(p50).toFixed(3));
    this.gauge.style.setProperty("--p99", place(p99).toFixed(3));
  }
}

/** The pill in the corner. */
export class Pill {
  constructor({ pill, state, detail }) {
    Object.assign(this, { pill, state, detail });
    this.last = { state: "Disconnected" };
    this.resumed = null;
  }

  became(last) {
    const before = this.last;
    this.last = last;
    if (last.state === "Subscribed" && last.since && before.state !== "Subscribed") {
      const at = `#${shown(last.since.sequence)}`;
      this.resumed = { until: Date.now() + RESUMED_FOR, text: last.recovered ? `resumed at ${at}, nothing missed` : `caught up from ${at}` };
    }
    this.pill.dataset.state = last.state;
    this.pill.dataset.via = last.via ?? "";
    this.pill.title = last.why ?? "";
    if (this.state.textContent !== last.state) this.state.textContent = last.state;
    this.show();
  }

  show() {
    const text = this.text();
    if (this.detail.textContent !== text) this.detail.textContent = text;
  }

  text() {
    const { state, via, since, retryAt, final } = this.last;
    if (state === "Subscribed") {
      if (this.resumed && Date.now() < this.resumed.until) return this.resumed.text;
      return `live by ${WAYS[via]}`;
    }
    if (state !== "Disconnected") return since ? `resuming from #${shown(since.sequence)}` : "one moment";
    const wait = retryAt ? Math.ceil((retryAt - Date.now()) / 1000) : 0;
    if (final) return "polling; press Play to come back";
    if (wait <= 0) return "polling meanwhile";
    return since ? `polling; resumes from #${shown(since.sequence)} in ${wait} s` : `polling; next try in ${wait} s`;
  }
}
