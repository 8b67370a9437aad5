// The browser's side of the connection: the same states as the server's (contract, section 1.4).
// While there is no socket, the board is polled; what was seen before is never shown again.

const STATES = ["Disconnected", "Connecting", "Connected", "Authenticating", "Authenticated", "Subscribed"];
const LONGEST = 10_000;
const NEEDS_SOMETHING_NEW = new Set([4400, 4401, 4403]);

export class Connection extends EventTarget {
  constructor(url, board) {
    super();
    this.url = new URL(url, location.href);
    if (this.url.protocol.startsWith("http")) this.url.protocol = this.url.protocol.replace("http", "ws");
    this.board = board;
    this.state = STATES[0];
    this.failures = 0;
    this.token = null;
    this.seen = {};
  }

  emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  become(state) { this.state = state; this.emit("state", state); }

  open(token = this.token) {
    this.token = token;
    clearTimeout(this.timer);
    if (this.socket) { this.socket.onclose = null; this.socket.close(1000); }
    this.become("Connecting");
    const socket = this.socket = new WebSocket(this.url, "scoreboard.v1");
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.received(JSON.parse(event.data));
    socket.onclose = (event) => this.closed(event);
  }

  send(message) { if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message)); }

  opened() {
    this.become("Connected");
    if (this.token) { this.become("Authenticating"); this.send({ type: "authenticate", token: this.token }); }
    else this.subscribe();
  }

  subscribe() {
    const since = this.seen.epoch ? { since: { epoch: this.seen.epoch, sequence: this.seen.sequence } } : {};
    this.send({ type: "subscribe", channel: "scoreboard", board: this.board, ...since });
    if (this.token) this.send({ type: "subscribe", channel: "user" });
  }

  received(frame) {
    switch (frame.type) {
      case "authenticated": this.become("Authenticated"); this.subscribe(); break;
      case "subscribed":
        this.failures = 0;
        this.become("Subscribed");
        if (frame.channel === "scoreboard") this.show(frame.snapshot); else this.emit("user", frame.snapshot);
        break;
      case "scoreboard_updated": this.show(frame); break;
      case "user_score_updated": this.emit("user", frame); break;
      case "job_finished": this.emit("job", frame); break;
      case "session_ended": this.token = null; this.emit("ended", frame.reason); break;
    }
  }

  show(snapshot) {
    if (snapshot.epoch === this.seen.epoch && snapshot.sequence < this.seen.sequence) return;
    this.seen = { epoch: snapshot.epoch, sequence: snapshot.sequence };
    this.emit("standings", snapshot);
  }

  closed(event) {
    if (NEEDS_SOMETHING_NEW.has(event.code)) this.token = null;
    this.become("Disconnected");
    this.failures += 1;
    const bound = Math.min(LONGEST, 250 * 2 ** Math.min(this.failures, 8));
    this.timer = setTimeout(() => this.open(), bound * (0.5 + Math.random() / 2));
    this.poll();
  }

  async poll() {
    if (this.state === "Subscribed") return;
    try {
      const answer = await fetch(`/api/scoreboard?board=${encodeURIComponent(this.board)}`);
      if (answer.ok && this.state !== "Subscribed") this.emit("standings", await answer.json());
    } catch { /* the next one may get through */ }
    clearTimeout(this.polling);
    this.polling = setTimeout(() => this.poll(), 2000);
  }
}
