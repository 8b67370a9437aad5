// The admin's session and requests: a token that ran out is renewed once, then it is log in again.

const KEPT = "scoreboard-console";
let session = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
let ended = () => {};

// What a problem document says, for people.
export class Problem extends Error {
  constructor(status, document) {
    const places = (document?.errors ?? []).map((e) => `${e.pointer} ${e.detail}`).join("; ");
    super(places || document?.detail || `The server answered ${status}.`);
    this.status = status;
    this.code = document?.code;
  }
}

export const user = () => session?.user ?? null;
export const onEnd = (callback) => { ended = callback; };

function keep(found) {
  session = found;
  if (found) sessionStorage.setItem(KEPT, JSON.stringify(found));
  else sessionStorage.removeItem(KEPT);
}

async function send(method, path, body, headers) {
  let answer;
  try {
    answer = await fetch(path, {
      method, headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
    });
  } catch {
    throw new Problem(0, { detail: "The server cannot be reached; try again." });
  }
  const value = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, value);
  return value;
}

export async function login(username, password) {
  keep(await send("POST", "/api/auth/login", { username, password }));
}

export async function logout() {
  const { token } = session ?? {};
  keep(null);
  if (token) await send("POST", "/api/auth/logout", undefined, { Authorization: `Bearer ${token}` }).catch(() => {});
}

let renewing = null;
function renew() {
  // One at a time: a refresh token that is spent twice ends the session.
  renewing ??= send("POST", "/api/auth/refresh", { refreshToken: session.refreshToken })
    .then(keep).finally(() => { renewing = null; });
  return renewing;
}

export async function call(method, path, body, key) {
  for (let last = false; ; last = true) {
    const headers = { Authorization: `Bearer ${session?.token ?? ""}`, ...(key ? { "Idempotency-Key": key } : {}) };
    try {
      return await send(method, path, body, headers);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      try {
        if (last || !session) throw problem;
        await renew();
      } catch (refused) {
        if (refused.status !== 401) throw refused;
        keep(null);
        ended();
        throw refused;
      }
    }
  }
}

export const get = (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();
  return call("GET", `/api/admin/${path}${text ? `?${text}` : ""}`);
};

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
