// The browser's end of the socket (contract, section 1.4): it connects, proves who it is,
// subscribes, resumes; while there is no socket it asks for the standings by HTTP.

import {
  AUTHENTICATED, AUTHENTICATING, CONNECTED, CONNECTING, DISCONNECTED, SUBSCRIBED,
  after, backoff, isNew, may,
} from "/page/states.js";

const POLL_EVERY = 2000;
const HANDSHAKE_WITHIN = 10_000;
const PING_EVERY = 20_000;

function socketAddress(url) {
  const address = new URL(url, location.href);
  if (address.protocol.startsWith("http")) {
    address.protocol = address.protocol.replace("http", "ws");
  }
  return address;
}

// Events: state {state, why, retryAt}, standings, user, job, ended (the session's end).
export class Connection extends EventTarget {
  // `token` answers a good token, or null for somebody without a session.
  constructor({ url, board, token }) {
    super();
    this.url = socketAddress(url);
    this.board = board;
    this.token = token;
    this.state = DISCONNECTED;
    this.socket = null;
    this.failures = 0;
    this.seen = null;
    this.resume = null;
    this.attempt = 0;
    addEventListener("online", () => this.state === DISCONNECTED && this.open());
  }

  emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  become(state, more = {}) {
    if (!may(this.state, state)) throw new Error(`${this.state} never becomes ${state}`);
    this.state = state;
    this.emit("state", { state, ...more });
  }

  async open() {
    const attempt = ++this.attempt;
    this.drop();
    this.become(CONNECTING);
    this.poll();
    let token = null;
    try { token = await this.token(); } catch { /* the session is gone: watch without one */ }
    if (attempt !== this.attempt) return;
    const socket = this.socket = new WebSocket(this.url, "scoreboard.v1");
    this.deadline = setTimeout(() => socket.close(), HANDSHAKE_WITHIN);
    socket.onopen = () => this.opened(token);
    socket.onmessage = (event) => this.received(JSON.parse(event.data), token);
    socket.onclose = (event) => this.closed(event.code);
  }

  drop() {
    for (const timer of [this.retry, this.deadline]) clearTimeout(timer);
    clearInterval(this.pinging);
    if (this.socket) {
      this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
      this.socket.close(1000);
      this.socket = null;
    }
    if (this.state !== DISCONNECTED) this.become(DISCONNECTED, { why: "reconnecting" });
  }

  send(message) { this.socket.send(JSON.stringify(message)); }

  opened(token) {
    this.become(CONNECTED);
    if (token === null) { this.subscribe("scoreboard"); return; }
    this.become(AUTHENTICATING);
    this.send({ type: "authenticate", token });
  }

  subscribe(channel) {
    if (channel === "user") { this.send({ type: "subscribe", channel }); return; }
    const since = this.resume ? { since: this.resume } : {};
    this.send({ type: "subscribe", channel, board: this.board, ...since });
  }

  received(frame) {
    switch (frame.type) {
      case "authenticated":
        this.become(AUTHENTICATED);
        this.subscribe("scoreboard");
        this.subscribe("user");
        break;
      case "subscribed": this.subscribed(frame); break;
      case "scoreboard_updated": this.show(frame); break;
      case "user_score_updated": this.emit("user", frame); break;
      case "job_finished": this.emit("job", frame); break;
      case "session_ended": this.emit("ended", frame.reason); break;
    }
  }

  subscribed(frame) {
    clearTimeout(this.deadline);
    this.failures = 0;
    this.become(SUBSCRIBED);
    clearInterval(this.pinging);
    this.pinging = setInterval(() => this.send({ type: "ping", id: "page" }), PING_EVERY);
    if (frame.channel === "scoreboard") this.show(frame.snapshot, true);
    else this.emit("user", frame.snapshot);
  }

  show(snapshot, whole = false) {
    this.resume = { epoch: snapshot.epoch, sequence: snapshot.sequence };
    this.update(snapshot, whole);
  }

  // A snapshot heals: it is shown even when its version was seen. Nothing goes back in time.
  update(snapshot, whole) {
    const older = this.seen !== null && snapshot.epoch === this.seen.epoch
      && snapshot.sequence < this.seen.sequence;
    if (older || (!whole && !isNew(snapshot, this.seen))) return;
    this.seen = { epoch: snapshot.epoch, sequence: snapshot.sequence };
    this.emit("standings", snapshot);
  }

  closed(code) {
    clearTimeout(this.deadline);
    clearInterval(this.pinging);
    this.socket = null;
    const next = after(code);
    if (next === "token") this.emit("ended", "invalid");
    if (next === "stop") {
      this.become(DISCONNECTED, { why: `the server closed with ${code}` });
    } else {
      const wait = backoff(this.failures++, Math.random());
      this.become(DISCONNECTED, { why: `closed with ${code}`, retryAt: Date.now() + wait });
      this.retry = setTimeout(() => this.open(), wait);
    }
    this.poll();
  }

  async poll() {
    clearTimeout(this.polling);
    if (this.state === SUBSCRIBED) return;
    this.polling = setTimeout(() => this.poll(), POLL_EVERY);
    try {
      const token = await this.token();
      const headers = token === null ? {} : { Authorization: `Bearer ${token}` };
      const path = `/api/scoreboard?board=${encodeURIComponent(this.board)}`;
      const answer = await fetch(path, { headers });
      if (answer.ok && this.state !== SUBSCRIBED) this.update(await answer.json(), true);
    } catch { /* the next one may get through */ }
  }
}
