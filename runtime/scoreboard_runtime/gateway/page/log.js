// What the server said to the demo player, newest first: statuses, codes, layers, outcomes.

import { shown } from "/page/numbers.js";

const MOST = 6;
const LOOK_AFTER = 1500; // a job may have finished while there was no socket to hear it by
const LAYERS = {
  rate_limit: "layer 1, rate limit",
  authentication: "layer 2, authentication",
  signing: "layer 3, signing",
  zero_trust: "layer 4, zero trust",
};

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

const accepted = (answer) => answer.code === undefined;
const wait = ({ retryAfter }) => (retryAfter ? ` Try again in ${retryAfter} s.` : "");

export class Log {
  // `layers` says for each code which layer answers it, `look` asks the server for a job.
  constructor({ list, layers, look }) {
    Object.assign(this, { list, layers, look });
    this.jobs = new Map(); // job id -> the entry that waits for it
    this.early = new Map(); // jobs that finished before their 202 was read
  }

  add(kind, title) {
    const item = element("li", kind, "");
    const head = element("div", "head", "");
    head.append(element("strong", "", title));
    item.append(head, element("p", "said", ""));
    this.list.prepend(item);
    while (this.list.children.length > MOST) this.list.lastElementChild.remove();
    return item;
  }

  chip(item, className, text) { item.firstElementChild.append(element("span", `chip ${className}`, text)); }

  say(item, text) { item.lastElementChild.textContent = text; }

  code(item, problem, times = 1) {
    this.chip(item, "status", problem.status);
    const link = element("a", "chip code", times > 1 ? `${times} × ${problem.code}` : problem.code);
    link.href = problem.type;
    link.title = `request ${problem.requestId}`;
    item.firstElementChild.append(link);
    const layer = LAYERS[this.layers[problem.code]];
    if (layer) this.chip(item, "layer", layer);
  }

  // `expected` explains the codes that an attack should get.
  reply(title, answer, expected = {}) {
    const item = this.add(accepted(answer) ? "good" : "bad", title);
    if (!accepted(answer)) {
      this.code(item, answer);
      this.say(item, expected[answer.code] ?? answer.detail + wait(answer));
      return;
    }
    this.chip(item, "status", "202");
    this.say(item, "Accepted and durable; on its way to your score.");
    this.await([answer.jobId], item, (results) => {
      const [{ status, result, error }] = results;
      if (status === "completed") this.say(item, `Counted: +${shown(result.points)} points.`);
      else { item.className = "bad"; this.say(item, `${error.code}: ${error.detail}`); }
    });
  }

  // Many answers as one entry: how many were accepted, and the codes of the rest.
  many(title, answers) {
    const good = answers.filter(accepted), refused = answers.filter((each) => !accepted(each));
    const item = this.add(refused.length ? "bad" : "good", title);
    if (good.length) this.chip(item, "status ok", `${good.length} × 202`);
    for (const code of new Set(refused.map((each) => each.code))) {
      const same = refused.filter((each) => each.code === code);
      this.code(item, same[0], same.length);
    }
    const after = refused.length ? wait(refused[0]) : "";
    if (!good.length) { this.say(item, refused[0].detail + after); return; }
    this.say(item, `${good.length} accepted; they count one by one.${after}`);
    this.await(good.map(({ jobId }) => jobId), item, (results) => {
      const points = results.reduce((sum, { result }) => sum + (result?.points ?? 0), 0);
      this.say(item, `${results.length} of ${good.length} counted: +${shown(points)} points.${after}`);
    });
  }

  await(ids, item, heard) {
    const results = [];
    const one = (job) => { results.push(job); heard(results); };
    for (const id of ids) {
      const job = this.early.get(id);
      this.early.delete(id);
      if (job) { one(job); continue; }
      this.jobs.set(id, one);
      setTimeout(() => this.ask(id), LOOK_AFTER);
    }
  }

  async ask(id) {
    if (!this.jobs.has(id)) return;
    const job = await this.look(id).catch(() => null);
    if (!this.jobs.has(id)) return;
    if (job?.status === "completed" || job?.status === "failed") this.finished(job);
    else setTimeout(() => this.ask(id), LOOK_AFTER);
  }

  finished(job) {
    const waiting = this.jobs.get(job.jobId);
    this.jobs.delete(job.jobId);
    if (waiting) waiting(job);
    else this.early.set(job.jobId, job);
    if (this.early.size > 200) this.early.delete(this.early.keys().next().value);
  }
}
