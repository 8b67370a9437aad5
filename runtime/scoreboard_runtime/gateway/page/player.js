// A guest who registers, logs in and signs actions as any client does (contract, section 1.2).

const text = new TextEncoder();
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const random = (count) => hex(crypto.getRandomValues(new Uint8Array(count)));

export const EXECUTE = "/api/actions/execute";
export const canSign = () => Boolean(globalThis.crypto?.subtle);

async function post(path, body, headers = {}) {
  const answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
  const value = answer.status === 204 ? {} : await answer.json();
  return { status: answer.status, headers: answer.headers, body: value };
}

export class Player {
  async start() {
    const known = JSON.parse(sessionStorage.getItem("guest") ?? "null");
    this.guest = known ?? { username: `guest-${random(3)}`, password: random(16) };
    if (!known) {
      const made = await post("/api/auth/register", JSON.stringify(this.guest));
      if (made.status !== 201) throw new Error(made.body.detail);
      sessionStorage.setItem("guest", JSON.stringify(this.guest));
    }
    const login = await post("/api/auth/login", JSON.stringify(this.guest));
    if (login.status !== 200) { sessionStorage.removeItem("guest"); throw new Error(login.body.detail); }
    this.session = login.body;
    const raw = atob(login.body.session.signingKey.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0));
    this.key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }

  async signed(body) {
    const timestamp = String(Date.now());
    const nonce = random(16);
    const digest = hex(await crypto.subtle.digest("SHA-256", text.encode(body)));
    const message = ["v1", "POST", EXECUTE, timestamp, nonce, digest].join("\n");
    const signature = hex(await crypto.subtle.sign("HMAC", this.key, text.encode(message)));
    return {
      Authorization: `Bearer ${this.session.token}`,
      "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": `v1=${signature}`,
    };
  }

  async act(action, data) {
    const body = JSON.stringify(data ? { action, data } : { action });
    return post(EXECUTE, body, await this.signed(body));
  }

  // A forged signature and a replayed nonce: what the server says to each.
  async cheat(action, data) {
    const body = JSON.stringify(data ? { action, data } : { action });
    const headers = await this.signed(body);
    const forged = await post(EXECUTE, body, { ...headers, "X-Signature": `v1=${"0".repeat(64)}` });
    await post(EXECUTE, body, headers);
    return [["forged signature", forged], ["replayed request", await post(EXECUTE, body, headers)]];
  }
}
