// Scoreboard's client: one file, no dependencies, for browsers and Node 18 or later.
//
//   import { Scoreboard } from "./scoreboard.js";
//   const board = new Scoreboard("https://scores.example.com");
//   board.watch().on("standings", ({ entries }) => console.log(entries));
//
// Every failure is a ScoreboardError with `code`, `detail`, `requestId`: decide by `code`.

const crypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto; // Node 18 has it there
const text = new TextEncoder();

/**
 * @typedef {{rank: number, userId: string, username: string, score: number, reachedAt: string}} Entry
 * @typedef {{board: string, window: string, epoch: string, sequence: number, total: number, entries: Entry[]}} Snapshot
 * @typedef {{jobId: string, status: "queued"|"processing"|"completed"|"failed",
 *   result?: {points: number, score: number, rank: number, previousRank: number|null},
 *   error?: {code: string, detail: string}}} Job
 * @typedef {{id: string, username: string, roles: string[]}} User
 * @typedef {{epoch: string, sequence: number}} Since
 */

/** What the server refused, or `NETWORK` when it could not be asked. */
export class ScoreboardError extends Error {
  constructor({ code, detail, requestId = null, status = 0, type = "", errors = [] }, retryAfter = null) {
    const faults = errors.map((fault) => `${fault.pointer}: ${fault.detail}`).join("; ");
    super(`${code}: ${detail}${faults && ` ${faults}`}`);
    /** @type {number|null} seconds, when the server said when to try again */
    this.retryAfter = retryAfter;
    Object.assign(this, { name: "ScoreboardError", code, detail, requestId, status, type, errors });
  }
}

// --- signing (contract, section 1.2) ------------------------------------------------
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (body) => hex(await crypto.subtle.digest("SHA-256", text.encode(body)));
/** `bytes` random ones, as hex. */
export const random = (bytes = 16) => hex(crypto.getRandomValues(new Uint8Array(bytes)));
/** Whether this place can sign: a browser only does on https or localhost. */
export const canSign = () => Boolean(crypto?.subtle);

/** The X-Signature of a request; `signingKey` is the login's, base64url. */
export async function sign(signingKey, { method = "POST", path, timestamp, nonce, body = "" }) {
  const raw = atob(signingKey.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = Uint8Array.from(raw, (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const lines = ["v1", method, path, String(timestamp), nonce, await digest(body)].join("\n");
  return `v1=${hex(await crypto.subtle.sign("HMAC", key, text.encode(lines)))}`;
}

// --- what a connection may do next: no socket, no clock, no randomness ---------------
export const [DISCONNECTED, CONNECTING, CONNECTED, AUTHENTICATING, AUTHENTICATED, SUBSCRIBED] =
  ["Disconnected", "Connecting", "Connected", "Authenticating", "Authenticated", "Subscribed"];
/** The flow's states; a public board may be subscribed to without a session. */
export const TRANSITIONS = {
  [DISCONNECTED]: [CONNECTING],
  [CONNECTING]: [CONNECTED, DISCONNECTED],
  [CONNECTED]: [AUTHENTICATING, SUBSCRIBED, DISCONNECTED],
  [AUTHENTICATING]: [AUTHENTICATED, DISCONNECTED],
  [AUTHENTICATED]: [SUBSCRIBED, DISCONNECTED],
  [SUBSCRIBED]: [SUBSCRIBED, AUTHENTICATED, DISCONNECTED],
};
const FIRST_WAIT = 250, LONGEST_WAIT = 10_000;
const BAD_TOKEN = 4401, FINAL = [4400, 4403]; // these need something new: a token, a client that is right

/** What a close code means: "retry", "token" (get a new one first) or "stop". */
export const after = (code) => (FINAL.includes(code) ? "stop" : code === BAD_TOKEN ? "token" : "retry");
/** Milliseconds before the next try; `chance` (0 to 1) spreads a crowd. */
export const backoff = (failures, chance) =>
  Math.round(Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10)) * (0.5 + chance / 2));
/** Whether a version of the standings is new to who has seen `seen` (or null). */
export const isNew = (snapshot, seen) =>
  seen === null || snapshot.epoch !== seen.epoch || snapshot.sequence > seen.sequence;

// --- HTTP -----------------------------------------------------------------------------
const MARGIN = 30_000; // a token this near its end is refreshed first
const CLOCKS_DIFFER = 2000; // Date has whole seconds: less is no difference
const TRIES = 4; // of a request that is safe to send again

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** One board's API, and one session of it. */
export class Scoreboard {
  /**
   * @param {string} [url] the gateway's address; in a page its own by default
   * @param {{renew?: (board: Scoreboard) => Promise<unknown>, WebSocket?: any}} [options]
   *   `renew` is called when the session is over for good: log in again there.
   */
  constructor(url = globalThis.location?.origin ?? "http://127.0.0.1:8080", options = {}) {
    this.url = url.replace(/\/+$/, "");
    this.options = options;
    this.session = null;
    this.ahead = 0; // how far the server's clock is ahead of ours, in milliseconds
    this.roundTrip = Infinity; // of the measurement that `ahead` is from
    this.renewing = null;
  }

  /** @returns {User|null} */
  get user() { return this.session?.user ?? null; }
  /** The server's time, in milliseconds. */
  now() { return Date.now() + this.ahead; }

  /** @returns {Promise<User>} */
  register(username, password) { return this.send("POST", "/api/auth/register", { body: { username, password } }); }

  /** @returns {Promise<User>} */
  async login(username, password) {
    return this.take(await this.send("POST", "/api/auth/login", { body: { username, password } }));
  }

  async logout() {
    const token = this.session?.token;
    this.session = null;
    if (token) await this.send("POST", "/api/auth/logout", { token });
  }

  /** A new token for the same session. @returns {Promise<User>} */
  async refresh() {
    const { refreshToken } = this.session;
    return this.take(await this.send("POST", "/api/auth/refresh", { body: { refreshToken } }));
  }

  take(session) {
    this.session = session;
    const life = Date.parse(session.expiresAt) - this.now();
    this.margin = Math.min(MARGIN, life / 3);
    return session.user;
  }

  /** A good token, refreshed in time; null without a session. Callers share one attempt: a refresh
   * token that is used twice ends its session. @returns {Promise<string|null>} */
  async token() {
    if (this.session && Date.parse(this.session.expiresAt) - this.now() > this.margin) return this.session.token;
    if (!this.session) return null;
    this.renewing ??= this.renew().finally(() => { this.renewing = null; });
    await this.renewing;
    return this.session?.token ?? null;
  }

  async renew() {
    try { await this.refresh(); } catch (error) {
      if (error.code !== "INVALID_TOKEN") throw error;
      this.session = null;
      await this.options.renew?.(this);
    }
  }

  /** The server no longer takes this token: the next need renews it. */
  doubt() { if (this.session) this.session.expiresAt = new Date(0).toISOString(); }

  /** @returns {Promise<{jobId: string, status: "queued"}>}
   * @param {{taskId?: string, idempotencyKey?: string}} [options] with a key a lost answer is asked
   *   for again, and counts once */
  execute(action, data, { taskId, idempotencyKey } = {}) {
    return this.act("/api/actions/execute", { action, taskId, data }, idempotencyKey);
  }

  /** A list of answers in the order of `actions`: jobs, and errors for what was refused.
   * @param {{action: string, taskId?: string, data?: Record<string, number>}[]} actions
   * @returns {Promise<({jobId: string, status: "queued"}|ScoreboardError)[]>} */
  async batch(actions, { idempotencyKey } = {}) {
    const { results } = await this.act("/api/actions/execute-batch", { actions }, idempotencyKey);
    return results.map((each) => (each.code ? new ScoreboardError(each, each.retryAfter ?? null) : each));
  }

  /** A single-use task, for actions that need one.
   * @returns {Promise<{taskId: string, notBefore: string, expiresAt: string}>} */
  issue(action) { return this.ask("POST", "/api/tasks", { body: { action } }); }
  /** @returns {Promise<Job>} */
  job(id, wait = 0) { return this.ask("GET", `/api/jobs/${encodeURIComponent(id)}?wait=${wait}`); }

  /** The job once it is completed or failed, or as it is after `seconds`. @returns {Promise<Job>} */
  async finished(id, seconds = 60) {
    for (const until = Date.now() + seconds * 1000; ;) {
      const left = Math.max(0, Math.min(30, Math.ceil((until - Date.now()) / 1000)));
      const job = await this.job(id, left);
      if (job.status === "completed" || job.status === "failed" || Date.now() >= until) return job;
    }
  }

  /** @returns {Promise<Snapshot>} */
  standings({ board, limit, offset } = {}) { return this.ask("GET", `/api/scoreboard${query({ board, limit, offset })}`); }
  /** The rows around this user. @returns {Promise<Snapshot & {rank: number|null, percentile: number|null}>} */
  around(rows = 5, board = undefined) { return this.ask("GET", `/api/scoreboard/me${query({ board, around: rows })}`); }
  /** What the board is: its name, actions, sockets. */
  config() { return this.send("GET", "/config.json"); }
  /** Live standings, and this user's score and jobs; see Watch. @param {string} [board] */
  watch(board) {
    const watch = new Watch(this, board);
    queueMicrotask(() => { if (watch.attempt === 0) watch.open(); }); // once `on` has been called
    return watch;
  }

  // Headers of a signed request; the page's attacks break one of them.
  async signed(path, body) {
    const timestamp = Math.round(this.now()), nonce = random();
    const signature = await sign(this.session.session.signingKey, { path, timestamp, nonce, body });
    return { "X-Timestamp": String(timestamp), "X-Nonce": nonce, "X-Signature": signature };
  }

  // With a key the very same request is sent again when its answer was lost: it is a retry, no replay.
  async act(path, value, key) {
    const body = JSON.stringify(value);
    const again = key === undefined ? {} : { "Idempotency-Key": key };
    return this.resend(async (tries) => {
      const token = await this.need();
      const headers = { ...await this.signed(path, body), ...again };
      for (let lost = 0; ; lost++) {
        try { return await this.send("POST", path, { token, headers, body }); } catch (error) {
          if (key === undefined || !["NETWORK", "UNAVAILABLE"].includes(error.code) || lost + tries >= TRIES) throw error;
          await pause((error.retryAfter ?? 0) * 1000 || backoff(lost, Math.random()));
        }
      }
    });
  }

  async ask(method, path, { body } = {}) {
    return this.resend(async () => this.send(method, path, { body, token: await this.token() }));
  }

  // Once more after what the client itself can mend: its clock (it learned the time), its token.
  async resend(once) {
    try { return await once(0); } catch (error) {
      if (error.code === "INVALID_TOKEN" && this.session) this.doubt();
      else if (error.code !== "STALE_REQUEST") throw error;
      return once(1);
    }
  }

  async need() {
    const token = await this.token();
    if (token === null) throw new ScoreboardError({ code: "INVALID_TOKEN", detail: "Log in first.", status: 401 });
    return token;
  }

  /** The answer's body. Throws ScoreboardError. */
  async send(method, path, { body, token, headers = {} } = {}) {
    const given = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
    if (body !== undefined) headers = { "Content-Type": "application/json", ...headers };
    if (token) headers = { Authorization: `Bearer ${token}`, ...headers };
    let answer, value;
    try {
      answer = await fetch(this.url + path, { method, headers, ...given });
      value = answer.status === 204 ? null : await answer.json();
    } catch (error) {
      throw new ScoreboardError({ code: "NETWORK", detail: error.message, status: answer?.status });
    }
    this.learnDate(answer.headers.get("Date"));
    if (answer.ok) return value;
    throw new ScoreboardError(value, Number(answer.headers.get("Retry-After")) || null);
  }

  learnDate(date) {
    const wrong = Date.parse(date) - this.now();
    if (Math.abs(wrong) >= CLOCKS_DIFFER) Object.assign(this, { ahead: this.ahead + wrong, roundTrip: Infinity });
  }

  // By a ping: the server's time lies in the middle of its way. The quickest of them knows best.
  learnTime(theirs, sent, heard) {
    this.roundTrip *= 1.1;
    if (heard - sent > this.roundTrip) return;
    this.roundTrip = heard - sent;
    this.ahead = theirs - (sent + heard) / 2;
  }
}

function query(values) {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return known.length ? `?${new URLSearchParams(known)}` : "";
}

// --- live -------------------------------------------------------------------------------
const POLL_EVERY = 2000;
const OPEN_WITHIN = 10_000;
const FIRST_PING = 250, PING_EVERY = 20_000;
const SILENT_FOR = 50_000; // the server speaks more often than that
const PATIENCE = 3; // failures after which a socket that worked once is given up for the stream
export const SOCKET = "socket", STREAM = "stream";

const LOST = 1006;
const CODES = { 401: BAD_TOKEN, 403: 4403 }; // what a refused stream means, as the socket says it

function openSocket(Kind, url, to) {
  const socket = new Kind(url, "scoreboard.v1");
  socket.onopen = () => to.opened();
  socket.onmessage = ({ data }) => to.received(JSON.parse(data));
  socket.onclose = ({ code, reason }) => to.lost(code, reason || `closed with ${code}`);
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    close: () => { socket.onopen = socket.onmessage = socket.onclose = null; socket.close(1000); },
  };
}

// Server-sent events by fetch, which Node has too, and which can carry a token.
function openStream(url, token, since, to) {
  const control = new AbortController();
  const headers = { Accept: "text/event-stream" };
  if (token !== null) headers.Authorization = `Bearer ${token}`;
  if (since !== null) headers["Last-Event-ID"] = `${since.epoch}:${since.sequence}`;
  const read = async () => {
    const answer = await fetch(url, { headers, cache: "no-store", signal: control.signal });
    if (!answer.ok) {
      const wait = (Number(answer.headers.get("Retry-After")) || 0) * 1000;
      return [CODES[answer.status] ?? LOST, `the stream answers ${answer.status}`, wait];
    }
    to.opened();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { value, done } = await reader.read();
      if (done) return [LOST, "the stream ended"];
      to.alive();
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").find((line) => line.startsWith("data: "));
        const frame = data && JSON.parse(data.slice(6));
        if (frame?.type === "closed") return [frame.code, frame.reason];
        if (frame) to.received(frame);
      }
    }
  };
  read().catch((error) => [LOST, error.message])
    .then((how) => { if (!control.signal.aborted) { control.abort(); to.lost(...how); } });
  return { close: () => control.abort() };
}

/**
 * Live standings that survive every loss: by a WebSocket, else by server-sent events, and by asking
 * every two seconds while neither is there. Events, for `on`:
 *   state      {state, via, since, recovered, why, retryAt, final}: `final` waits for `open`
 *   standings  a Snapshot, and whether it was pushed
 *   user       {userId?, score, rank, delta?}: this user's score
 *   job        a finished Job (not by the stream)
 *   activity   {actionsPerSecond} of the whole board
 *   ended      why the session is over
 */
export class Watch {
  constructor(client, board) {
    Object.assign(this, {
      client, board, state: DISCONNECTED, via: null, handlers: new Map(), link: null, token: null,
      seen: null, resume: null, failures: 0, trust: 0, attempt: 0, settings: null,
    });
    this.online = () => { if (this.retry) this.connect(); };
  }

  /** @param {"state"|"standings"|"user"|"job"|"activity"|"ended"} type */
  on(type, handler) {
    this.handlers.set(type, [...this.handlers.get(type) ?? [], handler]);
    return this;
  }

  emit(type, ...given) { for (const handler of this.handlers.get(type) ?? []) handler(...given); }

  become(state, more = {}) {
    if (!TRANSITIONS[this.state].includes(state)) throw new Error(`${this.state} never becomes ${state}`);
    this.state = state;
    this.emit("state", { state, via: this.via, ...more });
  }

  /** Begins, or begins anew: after a login it is that user who watches. */
  open() {
    globalThis.addEventListener?.("online", this.online);
    Object.assign(this, { failures: 0, via: this.first() });
    this.connect();
    return this;
  }

  /** Ends for good. */
  close() {
    globalThis.removeEventListener?.("online", this.online);
    this.attempt++;
    this.drop("closed", { final: true });
    clearTimeout(this.polling);
  }

  /** As if the network were gone for `ms`. */
  cut(ms = 0) { if (this.link) { this.attempt++; this.again(LOST, "the connection was cut", ms); } }

  first() { return this.kind() ? SOCKET : STREAM; }
  kind() { return "WebSocket" in this.client.options ? this.client.options.WebSocket : globalThis.WebSocket; }

  async connect() {
    const attempt = ++this.attempt;
    this.over = false;
    this.drop("reconnecting");
    this.become(CONNECTING, { since: this.resume });
    this.poll();
    try {
      this.settings ??= await this.client.config();
      this.token = await this.client.token();
    } catch (error) {
      if (attempt === this.attempt) this.again(LOST, error.message);
      return;
    }
    if (attempt !== this.attempt) return;
    this.board ??= this.settings.board;
    const mine = (work) => (...given) => { if (attempt === this.attempt) work.apply(this, given); };
    const to = Object.fromEntries(["opened", "received", "lost", "alive"].map((name) => [name, mine(this[name])]));
    this.deadline = setTimeout(() => this.lost(LOST, "no answer"), OPEN_WITHIN);
    const url = new URL(this.settings.websocketUrl, this.client.url);
    if (this.via === SOCKET) {
      this.link = openSocket(this.kind(), url.href.replace(/^http/, "ws"), to);
    } else {
      const stream = new URL("api/scoreboard/stream", url.href.replace(/^ws/, "http"));
      stream.searchParams.set("board", this.board);
      if (this.handlers.has("activity")) stream.searchParams.set("activity", "true");
      this.link = openStream(stream, this.token, this.resume, to);
    }
  }

  drop(why, more) {
    for (const timer of ["retry", "deadline", "silence", "pinging"]) {
      clearTimeout(this[timer]);
      this[timer] = null;
    }
    this.link?.close();
    this.link = null;
    if (this.state !== DISCONNECTED) this.become(DISCONNECTED, { why, ...more });
  }

  opened() {
    this.become(CONNECTED);
    if (this.token !== null) this.become(AUTHENTICATING);
    if (this.via === STREAM) { if (this.token !== null) this.become(AUTHENTICATED); }
    else if (this.token === null) {
      this.subscribe("scoreboard");
      if (this.handlers.has("activity")) this.subscribe("activity");
    } else this.link.send({ type: "authenticate", token: this.token });
  }

  subscribe(channel) {
    const board = channel === "user" ? {} : { board: this.board };
    const since = channel === "scoreboard" && this.resume ? { since: this.resume } : {};
    this.link.send({ type: "subscribe", channel, ...board, ...since });
  }

  received(frame) {
    this.alive();
    switch (frame.type) {
      case "authenticated":
        this.become(AUTHENTICATED);
        this.subscribe("scoreboard");
        this.subscribe("user");
        if (this.handlers.has("activity")) this.subscribe("activity");
        break;
      case "subscribed":
        if (frame.channel === "activity") break;
        this.subscribed(frame.recovered);
        if (frame.channel === "user") this.emit("user", frame.snapshot);
        else this.show(frame.snapshot);
        break;
      case "snapshot": this.subscribed(frame.recovered); this.show(frame); break;
      case "scoreboard_updated": this.show(frame, true); break;
      case "user_score_updated": this.emit("user", frame); break;
      case "activity": this.emit("activity", frame); break;
      case "job_finished": this.emit("job", frame); break;
      case "pong": this.client.learnTime(Date.parse(frame.now), Number(frame.id), Date.now()); break;
      case "session_ended": this.ended(frame.reason); break;
    }
  }

  subscribed(recovered) {
    clearTimeout(this.deadline);
    this.failures = 0;
    this.become(SUBSCRIBED, { recovered, since: this.resume });
    if (this.via === STREAM) return;
    this.trust = PATIENCE;
    if (!this.pinging) this.ping();
  }

  // Often at first: the quickest answer sets the clock.
  ping(every = FIRST_PING) {
    this.link.send({ type: "ping", id: String(Date.now()) });
    this.pinging = setTimeout(() => this.ping(Math.min(PING_EVERY, every * 2)), every);
  }

  alive() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lost(LOST, "silence"), SILENT_FOR);
  }

  show(snapshot, pushed = false) {
    this.resume = { epoch: snapshot.epoch, sequence: snapshot.sequence };
    this.update(snapshot, pushed);
  }

  // A snapshot heals: it is shown even when its version was seen. Nothing goes back in time.
  update(snapshot, pushed) {
    const older = this.seen?.epoch === snapshot.epoch && snapshot.sequence < this.seen.sequence;
    if (older || (pushed && !isNew(snapshot, this.seen))) return;
    this.seen = { epoch: snapshot.epoch, sequence: snapshot.sequence };
    this.emit("standings", snapshot, pushed);
  }

  ended(why) {
    this.client.doubt();
    if (!this.over) this.emit("ended", why);
    this.over = true;
  }

  lost(code, why, wait = 0) {
    const way = after(code);
    if (way === "token" && this.token !== null) {
      this.ended(why);
    } else if (way !== "retry") { // something new is needed: a token, or another client
      this.drop(why, { final: true });
      this.poll();
      return;
    }
    const blocked = this.via === SOCKET && this.state !== SUBSCRIBED && way === "retry" && this.trust-- <= 0;
    if (blocked) this.via = STREAM; // whatever stands in between knows no sockets: at once by the stream
    else this.via = this.first();
    this.again(code, why, blocked ? 1 : wait);
  }

  again(code, why, wait = 0) {
    this.link?.close();
    this.link = null;
    const ms = wait || backoff(this.failures++, Math.random());
    this.drop(why, { code, retryAt: Date.now() + ms, since: this.resume });
    this.retry = setTimeout(() => this.connect(), ms);
    this.poll();
  }

  async poll() {
    clearTimeout(this.polling);
    const live = () => this.state === SUBSCRIBED;
    if (live() && this.via === SOCKET) return;
    this.polling = setTimeout(() => this.poll(), POLL_EVERY);
    try {
      if (!live()) {
        const snapshot = await this.client.standings({ board: this.board });
        if (!live()) this.update(snapshot, false);
      }
      if (!this.client.user || (live() && this.via === SOCKET)) return;
      const { rank, entries } = await this.client.around(0, this.board);
      const own = entries.find(({ userId }) => userId === this.client.user?.id);
      if (own) this.emit("user", { userId: own.userId, rank, score: own.score });
    } catch (error) { // the next one may get through, but for who has to log in first
      if (error.code === "INVALID_TOKEN" && !this.client.user) clearTimeout(this.polling);
    }
  }
}
