// Who is at the console, and which of its four views is shown.

import * as api from "/page/admin/api.js";
import { audit, letters } from "/page/admin/lists.js";
import { $, say, tell } from "/page/admin/parts.js";
import { find } from "/page/admin/players.js";
import { look } from "/page/admin/running.js";

const VIEWS = ["players", "board", "letters", "audit"];
const EVERY = 2000;
let shown = "players";

function who() {
  const user = api.user();
  const admin = Boolean(user?.roles.includes("admin"));
  $("login").hidden = user !== null;
  $("stranger").hidden = user === null || admin;
  $("desk").hidden = !admin;
  $("who").hidden = user === null;
  $("me").textContent = $("stranger-name").textContent = user?.username ?? "";
  if (user === null) $("username").focus();
  return admin;
}

function view(name, about = null) {
  shown = name;
  for (const each of VIEWS) {
    $(each).hidden = each !== name;
    $(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    $(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  say("");
  if (location.hash !== `#${name}`) history.replaceState(null, "", `#${name}`);
  return { players: find, board: look, letters, audit: () => audit(about) }[name]();
}

async function enter() {
  if (!who()) return;
  const wanted = location.hash.slice(1);
  await view(VIEWS.includes(wanted) ? wanted : "players");
  await look();
}

async function leave() {
  await api.logout();
  for (const id of ["found", "person", "board", "letters", "audit"]) $(id).replaceChildren();
  $("person").hidden = true;
  $("frozen").hidden = true;
  who();
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("login-trouble").textContent = "";
  try {
    await api.login($("username").value, $("password").value);
    $("password").value = "";
    await enter();
  } catch (problem) {
    $("login-trouble").textContent = problem.message;
  }
});
$("leave").addEventListener("click", leave);
$("stranger-leave").addEventListener("click", leave);
$("find").addEventListener("submit", (event) => { event.preventDefault(); find(); });
document.addEventListener("audit-of", (event) => view("audit", event.detail));

for (const name of VIEWS) $(`tab-${name}`).addEventListener("click", () => view(name));
$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const ends = { Home: 0, End: VIEWS.length - 1 }[event.key];
  if (step === undefined && ends === undefined) return;
  event.preventDefault();
  const next = ends ?? (VIEWS.indexOf(shown) + step + VIEWS.length) % VIEWS.length;
  view(VIEWS[next]);
  $(`tab-${VIEWS[next]}`).focus();
});

api.onEnd(() => { who(); $("login-trouble").textContent = "The session has ended; log in again."; });
setInterval(() => { if (!$("desk").hidden && !document.hidden) tell(look); }, EVERY);
fetch("/config.json").then((answer) => answer.json()).then((config) => { $("name").textContent = config.name; }).catch(() => {});
enter();
