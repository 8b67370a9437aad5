// A guest who registers, logs in and plays as any client does, and knows three ways to cheat.

import { Scoreboard, ScoreboardError, random } from "/scoreboard.js";

const EXECUTE = "/api/actions/execute";
const STORED = "scoreboard guest";

function stored() {
  try { return JSON.parse(sessionStorage.getItem(STORED)); } catch { return null; }
}

// What the server answered, refusals included; that it could not be asked is no answer.
async function answer(asked) {
  try { return await asked; } catch (error) {
    if (!(error instanceof ScoreboardError) || error.code === "NETWORK") throw error;
    return error;
  }
}

export class Guest {
  constructor() {
    this.account = stored();
    this.client = new Scoreboard(location.origin, { renew: () => this.login() });
    this.starting = null;
  }

  get id() { return this.client.user?.id ?? null; }
  get name() { return this.account?.username ?? null; }
  get roles() { return this.client.user?.roles ?? []; }

  // Registers once, and keeps the session good; several callers share one attempt.
  start() {
    this.starting ??= this.enter().finally(() => { this.starting = null; });
    return this.starting;
  }

  async enter() {
    if (await this.client.token() || await this.login()) return;
    const account = { username: `guest-${random(3)}`, password: random(16) };
    await this.client.register(account.username, account.password);
    this.account = account;
    sessionStorage.setItem(STORED, JSON.stringify(account));
    await this.login();
  }

  async login() {
    if (this.account === null) return false;
    try { await this.client.login(this.account.username, this.account.password); } catch (error) {
      if (error.code !== "INVALID_CREDENTIALS") throw error;
      this.account = null; // of a board that began anew
      sessionStorage.removeItem(STORED);
      return false;
    }
    return true;
  }

  act(action, data) { return answer(this.client.execute(action, data)); }

  // Sends one signed body as it is, however wrong.
  async raw(body, headers) {
    return answer(this.client.send("POST", EXECUTE, { token: await this.client.token(), headers, body }));
  }

  async forge(action, data) {
    const body = JSON.stringify({ action, data });
    return this.raw(body, { ...await this.client.signed(EXECUTE, body), "X-Signature": `v1=${random(32)}` });
  }

  // An honest request, and the very same again: both answers.
  async replay(action, data) {
    const body = JSON.stringify({ action, data });
    const headers = await this.client.signed(EXECUTE, body);
    const honest = await this.raw(body, headers);
    return honest instanceof ScoreboardError ? [honest] : [honest, await this.raw(body, headers)];
  }
}
