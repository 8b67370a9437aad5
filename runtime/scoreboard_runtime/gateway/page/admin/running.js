// The board at this moment: frozen or not, the queue, the budgets, and what is rejected.

import { get } from "/page/admin/api.js";
import { order } from "/page/admin/order.js";
import { $, button, make, number, table, tell } from "/page/admin/parts.js";

let before = null; // counts of each gateway when the console first saw it

const per = (limit) => (limit ? `${number(limit.count)} in ${number(limit.perSeconds)} s` : "–");
const card = (title, ...inside) => make("div", { class: "card" }, make("h3", {}, title), ...inside);

function state(board) {
  const go = board.frozen ? "Unfreeze" : "Freeze";
  const text = board.frozen
    ? "Scores change again; what was held back counts, in its order."
    : "From the answer on no score changes. New actions are answered COOLDOWN and spend nothing; what was accepted counts after the unfreeze.";
  const deed = button(go, () => order({
    title: `${go}: ${board.board}`, text, go, path: `boards/${encodeURIComponent(board.board)}/${go.toLowerCase()}`,
    needed: false, said: (a) => `${a.board} is ${a.frozen ? "frozen" : "running"}.`, done: look,
  }), { id: "do-freeze", class: board.frozen ? "primary" : "danger" });
  const since = board.frozen ? `since ${board.since.slice(11, 19)} UTC${board.reason ? `: ${board.reason}` : ""}` : "scores change";
  return card(`Board ${board.board}`, make("p", { class: "big", id: "board-state" }, board.frozen ? "Frozen" : "Running"),
    make("p", { class: "quiet" }, since), make("p", { class: "deeds" }, deed));
}

function budget(limit) {
  const bar = make("meter", { min: 0, max: limit.count, value: limit.left, low: limit.count / 5, "aria-label": "Left of the global budget" });
  return card("Global budget", make("p", { class: "big", id: "left" }, number(limit.left)),
    make("p", { class: "quiet" }, `left of ${per(limit)}`), bar);
}

function rejections(gateway) {
  const seen = before?.id === gateway.id ? before.counts : null;
  const counts = Object.fromEntries(gateway.rejections.map((row) => [row.code, row.count]));
  before = { id: gateway.id, counts: seen ?? counts };
  const rows = gateway.rejections.filter((row) => row.count).sort((a, b) => b.count - a.count);
  if (!rows.length) return make("p", { class: "nothing" }, "Nothing was rejected yet.");
  return table([
    ["Code", (row) => make("a", { class: "chip code", href: `/docs#${row.code.toLowerCase().replaceAll("_", "-")}` }, row.code)],
    ["Layer", (row) => row.layer.replace("_", " ")],
    ["Since you look", (row) => number(row.count - (before.counts[row.code] ?? 0)), "number"],
    ["Since it started", (row) => number(row.count), "number"],
  ], rows, "Rejections by code").element;
}

function limits(found) {
  const rows = [
    { name: "Everybody", limit: found.limits.global }, { name: "An address", limit: found.limits.address },
    { name: "A user", limit: found.limits.user },
    ...found.limits.actions.map((action) => ({ ...action, name: action.action })),
  ];
  const counted = Object.fromEntries(found.gateway.actions.map((row) => [row.action, row]));
  return table([
    ["Who or what", (row) => row.name], ["Budget", (row) => per(row.limit)],
    ["Cooldown", (row) => (row.cooldownSeconds ? `${number(row.cooldownSeconds)} s` : ""), "number"],
    ["Accepted", (row) => (row.action ? number(counted[row.action].accepted) : ""), "number"],
    ["Rejected", (row) => (row.action ? number(counted[row.action].rejected) : ""), "number"],
  ], rows, "Budgets").element;
}

export function show(found) {
  const frozen = found.boards.some((board) => board.frozen);
  $("name").textContent = found.name;
  document.title = `${found.name} · console`;
  $("frozen").hidden = !frozen;
  $("dead").hidden = found.queue.deadLetters === 0;
  $("dead").textContent = number(found.queue.deadLetters);
  if ($("board").hidden || $("order").open) return; // nothing moves under a finger
  const focused = document.activeElement?.id === "do-freeze";
  $("board").replaceChildren(
    make("div", { class: "grid" }, ...found.boards.map(state), budget(found.limits.global),
      card("Queue", make("p", { class: "big" }, number(found.queue.depth)), make("p", { class: "quiet" }, `accepted, not finished; room for ${number(found.queue.capacity)}`)),
      card("Players", make("p", { class: "big" }, number(found.players)), make("p", { class: "quiet" }, `ranked; runtime ${found.version}`))),
    make("h3", {}, "Rejections"), rejections(found.gateway),
    make("h3", {}, "Budgets"), limits(found),
    make("p", { class: "quiet" }, `Counted by ${found.gateway.id} since ${found.gateway.startedAt.slice(0, 19).replace("T", " ")} UTC; other gateways count for themselves.`));
  if (focused) $("do-freeze")?.focus();
}

export const look = () => tell(async () => show(await get("overview")));
