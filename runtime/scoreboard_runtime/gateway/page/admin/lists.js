// Dead letters with their redrive, and the audit log.

import { get } from "/page/admin/api.js";
import { order } from "/page/admin/order.js";
import { $, button, make, number, pages, tell, when, written } from "/page/admin/parts.js";

const redrive = (letter) => button("Redrive", () => order({
  title: "Redrive", text: `${letter.action}, ${letter.jobId}: back to the end of its queue. It counts once.`, go: "Redrive",
  path: `dead-letters/${encodeURIComponent(letter.jobId)}/redrive`, needed: false,
  said: (a) => `${a.jobId} is queued again.`, done: letters,
}), { class: "small", "aria-label": `Redrive ${letter.jobId}` });

export const letters = () => tell(() => pages($("letters"), [
  ["At, UTC", (row) => when(row.at)],
  ["Action", (row) => row.action],
  ["Why", (row) => row.reason],
  ["Tried", (row) => number(row.attempts), "number"],
  ["Job", (row) => make("code", {}, row.jobId)],
  ["", redrive, "deed"],
], (cursor) => get("dead-letters", { cursor }), { caption: "Dead letters", nothing: "No dead letters: every accepted action is scored." }));

function details(row) {
  const said = Object.entries(row.details).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(", ") : value}`);
  return said.join(" · ");
}

const COLUMNS = [
  ["At, UTC", (row) => when(row.at)],
  ["Who", (row) => written(row.actor ?? "erased")],
  ["Verb", (row) => make("b", {}, row.verb)],
  ["About", (row) => written(row.username ?? row.object ?? (row.userId && "erased"))],
  ["Outcome", (row) => make("span", { class: row.outcome === "done" ? "good" : "bad" }, row.outcome)],
  ["Reason", (row) => written(row.reason)],
  ["Details", details],
];

export const audit = (about = null) => tell(async () => {
  const rows = make("div");
  const all = about && make("p", { class: "line" }, make("span", {}, "About ", make("bdi", {}, about.username)),
    button("Show all", () => audit(), { class: "small" }));
  $("audit").replaceChildren(...(all ? [all] : []), rows);
  await pages(rows, COLUMNS, (cursor) => get("audit", { cursor, user: about?.id }), { caption: "Audit log", nothing: "Nothing yet." });
});
