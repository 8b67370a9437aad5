// The page: what is heard goes to the board, what is pressed goes to the player.

import { Board } from "/page/board.js";
import { Connection } from "/page/connection.js";
import { Log } from "/page/log.js";
import { count, shown } from "/page/numbers.js";
import { Player, canSign } from "/page/player.js";

const at = (id) => document.getElementById(id);
const BURST = 20;
const BUTTONS = ["play", "burst", "cheat"];
const config = await configuration();
const board = new Board({ list: at("board"), template: at("row"), news: at("news") });
const player = new Player();
const log = new Log({ list: at("log"), layers: config.layers, look: (id) => player.job(id) });
const connection = new Connection({
  url: config.websocketUrl, board: config.board, token: () => player.token(),
});
const ready = new Map(); // action -> when it can be done again
let changed = -Infinity;

async function configuration() {
  for (;;) {
    try {
      const answer = await fetch("/config.json");
      if (answer.ok) return await answer.json();
    } catch { /* the server is away: try again */ }
    at("detail").textContent = "the server does not answer; trying again";
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}

const why = { state: null };

function tellState() {
  const wait = why.retryAt ? Math.ceil((why.retryAt - Date.now()) / 1000) : 0;
  const polling = wait > 0 ? `polling; next try in ${wait} s` : "polling meanwhile";
  at("pill").title = why.why ?? "";
  at("detail").textContent = why.state === "Subscribed" ? "live"
    : why.state === "Disconnected" ? polling : "one moment";
}

function tellAge() {
  const seconds = Math.floor((Date.now() + player.ahead - changed) / 1000);
  at("age").textContent = seconds === Infinity ? "–" : seconds < 2 ? "now"
    : seconds < 60 ? `${seconds} s ago` : seconds < 3600 ? `${Math.floor(seconds / 60)} min ago`
      : new Date(changed).toLocaleDateString("en", { day: "numeric", month: "short" });
}

connection.addEventListener("state", ({ detail }) => {
  Object.assign(why, { why: "", retryAt: 0 }, detail);
  at("pill").dataset.state = detail.state;
  at("state").textContent = detail.state;
  tellState();
});
connection.addEventListener("standings", ({ detail }) => {
  // By the rows themselves: a snapshot that is polled again is no change.
  changed = Math.max(...detail.entries.map((entry) => Date.parse(entry.reachedAt)));
  count(at("total"), detail.total);
  count(at("sequence"), detail.sequence);
  at("standings").dataset.shown = detail.entries.length ? "rows" : "empty";
  board.show(detail.entries);
  tellAge();
});
connection.addEventListener("user", ({ detail }) => {
  count(at("score"), detail.score);
  at("rank").textContent = detail.rank === null ? "–" : `#${shown(detail.rank)}`;
  if (detail.delta) floatUp(detail.delta);
});
connection.addEventListener("job", ({ detail }) => log.finished(detail));
connection.addEventListener("ended", () => player.doubt());
setInterval(() => { tellState(); tellAge(); }, 1000);

// What was gained rises beside the score; what comes while it rises is added to it.
function floatUp(delta) {
  const rising = at("score").parentElement.querySelector(".delta");
  const sum = delta + Number(rising?.dataset.sum ?? 0);
  rising?.remove();
  const bubble = document.createElement("span");
  bubble.className = "delta";
  bubble.dataset.sum = sum;
  bubble.textContent = `+${shown(sum)}`;
  setTimeout(() => bubble.remove(), 1200);
  at("score").after(bubble);
}

// The actions that this player may do without a task.
function playable() {
  return config.actions.filter((action) => !action.issued
    && (!action.roles.length || action.roles.some((role) => player.roles.includes(role))));
}

const dataOf = (action) =>
  action.field ? { [action.field]: 1 + Math.floor(Math.random() * 100) } : undefined;
// What can be done over and over comes first.
const often = () => {
  const [first] = playable().sort((one, other) =>
    one.once - other.once || one.cooldownMs - other.cooldownMs);
  if (!first) throw new Error("The catalogue has no action for this player.");
  return first;
};

async function join() {
  await player.start();
  if (board.me === player.session.user.id) return;
  at("me").textContent = player.name;
  at("hint").hidden = true;
  at("standing").hidden = false;
  board.claim(player.session.user.id);
  connection.open();
}

function learn(action, reply) {
  const now = Date.now();
  const wait = Number(reply.headers.get("Retry-After") ?? 0) * 1000;
  if (reply.status === 202) ready.set(action.name, action.once ? Infinity : now + action.cooldownMs);
  else if (reply.body.code === "ALREADY_COMPLETED") ready.set(action.name, Infinity);
  else if (reply.status === 409) ready.set(action.name, now + wait);
}

async function play() {
  const now = Date.now();
  const free = playable().filter((action) => (ready.get(action.name) ?? 0) <= now);
  const action = free.length ? free[Math.floor(Math.random() * free.length)] : often();
  const data = dataOf(action);
  const reply = await player.act(action.name, data);
  learn(action, reply);
  log.reply(data ? `${action.name} · ${data[action.field]} ${action.field}` : action.name, reply);
}

async function burst() {
  const action = often();
  const once = () => player.act(action.name, dataOf(action));
  const replies = await Promise.all(Array.from({ length: BURST }, once));
  log.burst(`${BURST} × ${action.name}`, replies);
}

async function cheat() {
  const action = often();
  for (const { what, reply, found } of await player.cheat(action.name, dataOf(action))) {
    log.reply(what, reply, reply.body.code === found?.code ? found?.hint : "");
  }
}

function button(id, work) {
  at(id).addEventListener("click", async () => {
    at(id).disabled = true;
    at("trouble").hidden = true;
    try { await join(); await work(); }
    catch (error) {
      at("trouble").hidden = false;
      at("trouble").textContent = `That did not work. ${error.message}`;
    }
    at(id).disabled = false;
  });
}

function cannotPlay() {
  if (!canSign()) {
    return "Signing needs a secure page: open this one by https or on localhost to play.";
  }
  if (!config.registrationOpen) return "Registration is closed here, so guests can only watch.";
  return config.actions.length ? "" : "The catalogue of this board is empty.";
}

document.title = `${config.name} · Scoreboard`;
at("name").textContent = config.name;
if (player.name) at("me").textContent = player.name;
button("play", play);
button("burst", burst);
button("cheat", cheat);
const obstacle = cannotPlay();
if (obstacle) at("hint").textContent = obstacle;
for (const id of BUTTONS) at(id).disabled = Boolean(obstacle);
if (config.public) connection.open();
else {
  at("standings").dataset.shown = "closed";
  at("detail").textContent = "for signed-in players";
}
