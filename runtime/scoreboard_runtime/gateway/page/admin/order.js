// The dialog before every change: what it does, a reason, and the key that makes it once.

import { call, newKey } from "/page/admin/api.js";
import { $, say } from "/page/admin/parts.js";

let asked = null;

// {title, text, go, method, path, field: {label, name, value, read, type}, needed, danger, done}
export function order(wanted) {
  asked = { ...wanted, key: newKey() };
  $("order-title").textContent = wanted.title;
  $("order-text").textContent = wanted.text;
  $("order-field").hidden = !wanted.field;
  $("order-label").textContent = wanted.field?.label ?? "";
  $("order-value").value = wanted.field?.value ?? "";
  $("order-value").required = Boolean(wanted.field);
  $("order-value").inputMode = wanted.field?.type ?? "text";
  $("order-reason").value = "";
  $("order-reason").required = wanted.needed ?? true;
  $("order-go").textContent = wanted.go;
  $("order-trouble").textContent = "";
  $("order").showModal();
  (wanted.field ? $("order-value") : $("order-reason")).focus();
}

async function go(event) {
  event.preventDefault();
  const mine = asked;
  $("order-go").disabled = true;
  $("order-trouble").textContent = "";
  try {
    const body = { reason: $("order-reason").value.trim() };
    if (mine.field) body[mine.field.name] = mine.field.read($("order-value").value.trim());
    const answer = await call(mine.method ?? "POST", `/api/admin/${mine.path}`, body, mine.key);
    $("order").close();
    say(mine.said(answer));
    mine.done(answer); // which says itself what goes wrong, and holds no other order up
  } catch (problem) {
    $("order-trouble").textContent = problem.message;
    // What was refused is done anew with what is typed now; what got no answer is the same order.
    if (problem.status >= 400 && problem.status < 500) mine.key = newKey();
  } finally {
    $("order-go").disabled = false;
  }
}

$("order-form").addEventListener("submit", go);
$("order-cancel").addEventListener("click", () => $("order").close());
