// Find a player, say why the rank is what it is, and change what an admin may change.

import { get } from "/page/admin/api.js";
import { order } from "/page/admin/order.js";
import { $, button, make, number, pages, tell, when, written } from "/page/admin/parts.js";

const DECIDED = { score: "by the score", reachedAt: "by who reached it first", userId: "by the user id" };
let shown = null;

const flags = (person) => make("span", { class: "chips" },
  ...person.roles.map((role) => make("span", { class: "chip" }, role)),
  person.disqualified ? make("span", { class: "chip off" }, "disqualified") : null,
  person.disabled ? make("span", { class: "chip off" }, "disabled") : null);

const COLUMNS = [
  ["Name", (p) => make("b", { dir: "auto" }, p.username)],
  ["Score", (p) => (p.reachedAt ? number(p.score) : "–"), "number"],
  ["", flags],
  ["", (p) => button("Open", () => open(p.id), { class: "small", "aria-label": `Open ${p.username}` }), "deed"],
];

export const find = () => tell(() => {
  const query = $("query").value;
  return pages($("found"), COLUMNS, (cursor) => get("users", { query, cursor, limit: 20 }),
    { caption: "Players", nothing: "Nobody of that name." });
});

export const open = (id) => tell(async () => {
  const found = await get(`users/${id}/explain`);
  shown = found;
  const rows = make("div");
  $("person").replaceChildren(...head(found), deeds(found.user), why(found), make("h3", {}, "Ledger"), rows);
  $("person").hidden = false;
  let first = found;
  await pages(rows, LEDGER, async (cursor) => {
    if (cursor === null && first) return first;
    first = null;
    return get(`users/${id}/explain`, { cursor });
  }, { caption: "Rows of the ledger", nothing: "No row yet." });
  $("person").focus({ preventScroll: true });
  $("person").scrollIntoView({ block: "nearest" });
});

const LEDGER = [
  ["At, UTC", (row) => when(row.at)],
  ["What", (row) => row.action],
  ["Points", (row) => (row.points > 0 ? `+${number(row.points)}` : number(row.points)), "number"],
  ["Score", (row) => number(row.scoreAfter), "number"],
  ["Reason", (row) => (row.jobId ? "" : written(row.reason))],
];

function head({ user }) {
  return [make("h2", { dir: "auto" }, user.username), make("code", {}, user.id), flags(user)];
}

function place(found) {
  if (found.rank) return `#${number(found.rank)} of ${number(found.total)}`;
  return found.user.disqualified ? "Not ranked: disqualified" : "Not ranked: no score yet";
}

function neighbour(side, other) {
  if (!other) return null;
  const name = make("bdi", {}, other.username);
  return make("p", {}, `${side}: `, name, ` with ${number(other.score)}, decided ${DECIDED[other.decidedBy]}`);
}

function why(found) {
  const sum = `${number(found.ledgerRows)} rows of the ledger make ${number(found.ledgerPoints)}`;
  const agrees = found.ledgerAgrees && found.rank === found.exactRank;
  return make("div", { class: "why" },
    make("p", {}, make("b", { id: "person-rank" }, place(found)), ` with ${number(found.user.score)} points`),
    neighbour("Above", found.above), neighbour("Below", found.below),
    make("p", { class: agrees ? "good" : "bad" }, agrees ? `${sum}: score and rank agree.`
      : `${sum}; Postgres counts rank ${number(found.exactRank)}: they do not agree at this moment.`));
}

const again = async () => { await open(shown.user.id); await find(); };

function verb(user, name, go, text, said) {
  return button(go, () => order({
    title: `${go}: ${user.username}`, text, go, path: `users/${user.id}/${name}`, said, done: again,
  }), { id: `do-${name}`, class: "small" });
}

function deeds(user) {
  const name = user.username;
  return make("div", { class: "deeds" },
    user.disqualified
      ? verb(user, "restore", "Restore", "Back into the ranks, at the place of score and time.", () => `${name} is back in the ranks.`)
      : verb(user, "disqualify", "Disqualify", "Out of every rank at once. Score and ledger stay, and a restore brings back the very same place.", () => `${name} is out of the ranks.`),
    button("Adjust", () => order({
      title: `Adjust: ${name}`, text: "A row of the ledger with your reason; ranks follow at once.", go: "Adjust",
      path: `users/${user.id}/adjust`, field: { label: "Points, e.g. 250 or -250", name: "points", type: "text", read: Number },
      said: (row) => `${name}: ${number(row.scoreBefore)} → ${number(row.scoreAfter)}.`, done: again,
    }), { id: "do-adjust", class: "small" }),
    user.disabled
      ? verb(user, "enable", "Enable", "Logins are allowed again.", () => `${name} may log in again.`)
      : verb(user, "disable", "Disable", "Logins are refused, and every session and socket ends. The rank stays.", (a) => `${name} is disabled; ${a.sessionsEnded} sessions ended.`),
    button("Roles", () => order({
      title: `Roles: ${name}`, text: "All roles from now on. Every session ends; the next login has them.", go: "Set roles",
      method: "PUT", path: `users/${user.id}/roles`, needed: false,
      field: { label: "Roles, with commas", name: "roles", value: user.roles.join(", "),
        read: (text) => text.split(",").map((role) => role.trim()).filter(Boolean) },
      said: (a) => `${name} has roles ${a.roles.join(", ")}; ${a.sessionsEnded} sessions ended.`, done: again,
    }), { id: "do-roles", class: "small" }),
    button("In the audit log", () => document.dispatchEvent(new CustomEvent("audit-of", { detail: user })), { class: "small" }));
}
