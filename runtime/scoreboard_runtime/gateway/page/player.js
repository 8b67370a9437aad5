// A guest who registers, logs in and signs actions as any client does (contract, section 1.2).

const text = new TextEncoder();
const hex = (bytes) =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const random = (count) => hex(crypto.getRandomValues(new Uint8Array(count)));
const EXECUTE = "/api/actions/execute";
const MARGIN = 30_000; // a token this near its end is refreshed first
const STORED = "scoreboard guest";

export const canSign = () => Boolean(globalThis.crypto?.subtle);

async function post(path, body, headers = {}) {
  const answer = await fetch(path, {
    method: "POST", body, headers: { "Content-Type": "application/json", ...headers },
  });
  const value = answer.status === 204 ? {} : await answer.json();
  return { status: answer.status, headers: answer.headers, body: value };
}

function good(reply, status) {
  if (reply.status !== status) throw new Error(`${reply.body.code}: ${reply.body.detail}`);
  return reply.body;
}

function stored() {
  try { return JSON.parse(sessionStorage.getItem(STORED)); } catch { return null; }
}

export class Player {
  constructor() {
    this.guest = stored();
    this.session = null;
    this.margin = MARGIN;
    this.ahead = 0; // how far the server's clock is ahead of ours
    this.starting = this.renewing = null;
  }

  get name() { return this.guest?.username ?? null; }
  get roles() { return this.session?.user.roles ?? []; }

  // Registers once, logs in, and keeps the session good; several callers share one attempt.
  start() {
    this.starting ??= this.open().finally(() => { this.starting = null; });
    return this.starting;
  }

  async open() {
    if (await this.renew()) return;
    await this.register(); // a first visit, or a board that began anew
    if (!await this.login()) throw new Error("The guest could not log in.");
  }

  // One at a time: a refresh token that is used twice ends the session.
  renew() {
    this.renewing ??= (async () => this.isGood() || await this.refresh() || this.login())()
      .finally(() => { this.renewing = null; });
    return this.renewing;
  }

  isGood() {
    if (this.session === null) return false;
    const left = Date.parse(this.session.expiresAt) - Date.now() - this.ahead;
    return left > this.margin;
  }

  async register() {
    const guest = { username: `guest-${random(3)}`, password: random(16) };
    good(await post("/api/auth/register", JSON.stringify(guest)), 201);
    this.guest = guest;
    sessionStorage.setItem(STORED, JSON.stringify(guest));
  }

  forget() {
    this.guest = this.session = null;
    sessionStorage.removeItem(STORED);
  }

  async login() {
    if (this.guest === null) return false;
    const reply = await post("/api/auth/login", JSON.stringify(this.guest));
    if (reply.body.code === "INVALID_CREDENTIALS") { this.forget(); return false; }
    await this.take(reply);
    return true;
  }

  // The old token serves whoever is signing with it until the new one is here.
  async refresh() {
    if (this.session === null) return false;
    const body = JSON.stringify({ refreshToken: this.session.refreshToken });
    const reply = await post("/api/auth/refresh", body);
    if (reply.status === 200) await this.take(reply);
    else this.session = null;
    return reply.status === 200;
  }

  async take(reply) {
    const session = good(reply, 200);
    this.learnTime(reply);
    const base64 = session.session.signingKey.replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    this.key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
    this.session = session;
    const life = Date.parse(session.expiresAt) - Date.now() - this.ahead;
    this.margin = Math.min(MARGIN, life / 3);
  }

  learnTime(reply) {
    const theirs = Date.parse(reply.headers.get("Date"));
    // Date has whole seconds: less than two of them are no difference.
    if (theirs) this.ahead = Math.abs(theirs - Date.now()) < 2000 ? 0 : theirs - Date.now();
  }

  // The server no longer takes this session's token: the next need refreshes it, or logs in again.
  doubt() { if (this.session) this.session.expiresAt = new Date(0).toISOString(); }

  // A token for the socket; null for who never played, or whose session is over for good.
  async token() {
    return this.session !== null && await this.renew() ? this.session.token : null;
  }

  async signed(body) {
    const { key, session } = this;
    const timestamp = String(Date.now() + this.ahead);
    const nonce = random(16);
    const digest = hex(await crypto.subtle.digest("SHA-256", text.encode(body)));
    const message = ["v1", "POST", EXECUTE, timestamp, nonce, digest].join("\n");
    const signature = hex(await crypto.subtle.sign("HMAC", key, text.encode(message)));
    return {
      Authorization: `Bearer ${session.token}`,
      "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": `v1=${signature}`,
    };
  }

  async act(action, data) {
    await this.start();
    const body = JSON.stringify(data ? { action, data } : { action });
    const reply = await post(EXECUTE, body, await this.signed(body));
    const { code } = reply.body;
    if (code === "STALE_REQUEST") this.learnTime(reply);
    else if (code === "INVALID_TOKEN") this.session = null;
    else return reply;
    await this.start();
    return post(EXECUTE, body, await this.signed(body));
  }

  // A job as the server has it now; null when it cannot be asked.
  async job(id) {
    const headers = { Authorization: `Bearer ${await this.token()}` };
    const answer = await fetch(`/api/jobs/${encodeURIComponent(id)}`, { headers });
    return answer.ok ? answer.json() : null;
  }

  // A forged signature, then a request that is sent twice: {what, reply, found} for each, where
  // `found` explains the code that is expected.
  async cheat(action, data) {
    await this.start();
    const body = JSON.stringify(data ? { action, data } : { action });
    const forged = { ...await this.signed(body), "X-Signature": `v1=${random(32)}` };
    const answers = [{
      what: "Forged signature", reply: await post(EXECUTE, body, forged),
      found: { code: "INVALID_SIGNATURE", hint: "Signed without the key. It cost its sender, nobody else." },
    }];
    const headers = await this.signed(body);
    const honest = await post(EXECUTE, body, headers);
    answers.push({ what: "Honest request", reply: honest });
    if (honest.status === 202) {
      answers.push({
        what: "The same, replayed", reply: await post(EXECUTE, body, headers),
        found: { code: "REPLAY_ATTACK", hint: "Its nonce is spent, so it counts once." },
      });
    }
    return answers;
  }
}
