// The page: what is heard goes to the board, what is pressed goes to the player.

import { Board } from "/page/board.js";
import { Connection } from "/page/connection.js";
import { Player, canSign } from "/page/player.js";

const at = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const config = await (await fetch("/config.json")).json();
const board = new Board(at("board"));
const connection = new Connection(config.websocketUrl, config.board);
const player = new Player();
const ready = new Map(); // action -> when it can be done again
let started = null;

document.title = `${config.name} · Scoreboard`;
at("name").textContent = config.name;

connection.addEventListener("state", ({ detail }) => {
  at("connection").dataset.state = detail;
  at("connection").textContent = detail;
});
connection.addEventListener("standings", ({ detail }) => {
  at("total").textContent = number.format(detail.total);
  at("sequence").textContent = detail.sequence;
  at("empty").hidden = detail.entries.length > 0;
  board.show(detail.entries);
});
connection.addEventListener("user", ({ detail }) => {
  at("standing").textContent = detail.rank ? `rank ${number.format(detail.rank)} · ${number.format(detail.score)} points` : "no score yet";
});
connection.addEventListener("job", ({ detail }) => {
  if (detail.status === "completed") note(true, `+${detail.result.points}`, `${detail.action} counted; you have ${number.format(detail.result.score)}`);
  else note(false, detail.error?.code ?? "failed", detail.action);
});
connection.addEventListener("ended", () => { started = null; at("standing").textContent = "your session ended; play again"; });

function note(good, code, text) {
  const item = document.createElement("li");
  item.className = good ? "good" : "bad";
  const label = document.createElement("code");
  const rest = document.createElement("span");
  label.textContent = code;
  rest.textContent = text;
  item.append(label, rest);
  at("log").prepend(item);
  while (at("log").children.length > 8) at("log").lastChild.remove();
}

function tell(what, reply) {
  if (reply.status === 202) note(true, "202", `${what} accepted as job ${reply.body.jobId}`);
  else note(false, reply.body.code ?? reply.status, `${what}: ${reply.status} ${reply.body.title}. ${reply.body.detail ?? ""}`);
}

async function start() {
  await player.start();
  at("me").textContent = player.guest.username;
  board.me = player.session.user.id;
  connection.open(player.session.token);
}

const open = config.actions.filter((action) => !action.issued);
const measured = open.find((action) => action.field);
const dataOf = (action) => action.field ? { [action.field]: 1 + Math.floor(Math.random() * 100) } : undefined;

async function play() {
  const now = Date.now();
  const action = open.find((found) => (ready.get(found.name) ?? 0) <= now) ?? open[0];
  const reply = await player.act(action.name, dataOf(action));
  const pause = action.once ? Infinity : action.cooldownMs;
  const wait = Number(reply.headers.get("Retry-After") ?? 0) * 1000;
  ready.set(action.name, now + Math.max(action.once ? pause : 0, reply.status === 202 ? pause : wait));
  tell(action.name, reply);
}

async function burst() {
  const action = measured ?? open[0];
  const replies = await Promise.all(Array.from({ length: 20 }, () => player.act(action.name, dataOf(action))));
  const codes = new Map();
  for (const reply of replies) codes.set(reply.body.code ?? "202", (codes.get(reply.body.code ?? "202") ?? 0) + 1);
  note(codes.has("202"), "20×", [...codes].map(([code, times]) => `${times} ${code}`).join(", "));
}

async function cheat() {
  const action = measured ?? open[0];
  for (const [what, reply] of await player.cheat(action.name, dataOf(action))) tell(what, reply);
}

function button(id, work) {
  at(id).addEventListener("click", async () => {
    at(id).disabled = true;
    at("trouble").hidden = true;
    try { await (started ??= start()); await work(); }
    catch (error) {
      started = null;
      at("trouble").hidden = false;
      at("trouble").textContent = `That did not work: ${error.message}`;
    }
    at(id).disabled = false;
  });
}

button("play", play);
button("burst", burst);
button("cheat", cheat);
if (!canSign() || !config.registrationOpen || !open.length) {
  for (const id of ["play", "burst", "cheat"]) at(id).disabled = true;
  at("standing").textContent = canSign() ? "Guests cannot register here." : "Open this page by https or on localhost to play: signing needs a secure page.";
}
connection.open();
