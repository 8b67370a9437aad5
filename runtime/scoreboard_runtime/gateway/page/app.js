// The page: what is heard goes to the board, what is pressed goes to the player.

import { canSign } from "/scoreboard.js";
import { Around } from "/page/around.js";
import { Board } from "/page/board.js";
import { Deeds } from "/page/deeds.js";
import { Guest } from "/page/guest.js";
import { Log } from "/page/log.js";
import { count, shown } from "/page/numbers.js";
import { Latency, Pill } from "/page/status.js";

const at = (id) => document.getElementById(id);
const CUT_FOR = 3000;
const guest = new Guest();
const { client } = guest;
const config = await configuration();
const board = new Board({ list: at("board"), template: at("row"), news: at("news") });
const around = new Around({
  section: at("around"), list: at("near"), template: at("row"), said: at("percentile"),
  place: at("rank"), news: at("news"), client,
});
const log = new Log({ list: at("log"), layers: config.layers, look: (id) => client.job(id) });
const deeds = new Deeds({ guest, log, actions: config.actions });
const pill = new Pill({ pill: at("pill"), state: at("state"), detail: at("detail") });
const latency = new Latency({ value: at("latency"), gauge: at("gauge"), now: () => client.now() });
let watch = null;
let changed = -Infinity;

async function configuration() {
  for (;;) {
    try { return await client.config(); } catch { /* the server is away: try again */ }
    at("detail").textContent = "the server does not answer; trying again";
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}

function tellAge() {
  const seconds = Math.floor((client.now() - changed) / 1000);
  at("age").textContent = seconds === Infinity ? "–" : seconds < 2 ? "now"
    : seconds < 60 ? `${seconds} s ago` : seconds < 3600 ? `${Math.floor(seconds / 60)} min ago`
      : new Date(changed).toLocaleDateString("en", { day: "numeric", month: "short" });
}

function showStandings(snapshot, pushed) {
  // By the rows themselves: a snapshot that is polled again is no change.
  changed = Math.max(...snapshot.entries.map((entry) => Date.parse(entry.reachedAt)));
  latency.heard(snapshot.entries, pushed);
  count(at("total"), snapshot.total);
  count(at("sequence"), snapshot.sequence);
  at("standings").dataset.shown = snapshot.entries.length ? "rows" : "empty";
  board.show(snapshot.entries);
  around.moved();
}

function showUser({ score, rank, delta }) {
  count(at("score"), score);
  at("rank").textContent = rank === null ? "–" : `#${shown(rank)}`;
  if (delta) floatUp(delta);
  around.moved();
}

function open() {
  if (watch) { watch.open(); return; }
  watch = client.watch(config.board)
    .on("state", (state) => pill.became(state))
    .on("standings", showStandings)
    .on("user", showUser)
    .on("activity", ({ actionsPerSecond }) => { at("rate").textContent = shown(actionsPerSecond); })
    .on("job", (job) => log.finished(job));
}

setInterval(() => { pill.show(); latency.show(); tellAge(); board.age(); around.board.age(); }, 1000);

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

async function join() {
  await guest.start();
  if (board.me === guest.id && !pill.last.final) return;
  at("me").textContent = guest.name;
  at("hint").hidden = true;
  at("standing").hidden = false;
  board.claim(guest.id);
  around.claim(guest.id);
  open();
}

function button(id, work) {
  at(id).addEventListener("click", async () => {
    at(id).disabled = true;
    at("trouble").hidden = true;
    try { await work(); } catch (error) {
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
if (guest.name) at("me").textContent = guest.name;
const obstacle = cannotPlay();
if (obstacle) at("hint").textContent = obstacle;
for (const id of ["play", "burst", "replay", "forge", "spam"]) {
  button(id, async () => { await join(); await deeds[id](); });
  at(id).disabled = Boolean(obstacle);
}
button("cut", () => watch?.cut(CUT_FOR));
if (config.public) open();
else {
  at("standings").dataset.shown = "closed";
  at("detail").textContent = "for signed-in players";
}
at("cut").disabled = !config.public;
