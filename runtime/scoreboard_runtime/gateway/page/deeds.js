// What the buttons do: an honest action, many, and the attacks, each with the answer it should get.

const BURST = 20;
const SPAM = 200; // at most: the first refusal ends it
const NICE = 10; // a burst or spam sends so many at a time

const cheap = (one, other) => one.once - other.once || one.cooldownMs - other.cooldownMs;

export class Deeds {
  constructor({ guest, log, actions }) {
    Object.assign(this, { guest, log, actions });
    this.ready = new Map(); // action -> when it can be done again
  }

  // The actions that this player may do without a task; what can be done over and over comes first.
  playable() {
    const { roles } = this.guest;
    return this.actions.filter((action) => !action.issued
      && (!action.roles.length || action.roles.some((role) => roles.includes(role)))).sort(cheap);
  }

  often() {
    const [first] = this.playable();
    if (!first) throw new Error("The catalogue has no action for this player.");
    return first;
  }

  data(action) {
    return action.field ? { [action.field]: 1 + Math.floor(Math.random() * 100) } : undefined;
  }

  async play() {
    const now = Date.now();
    const free = this.playable().filter(({ name }) => (this.ready.get(name) ?? 0) <= now);
    const action = free.length ? free[Math.floor(Math.random() * free.length)] : this.often();
    const data = this.data(action);
    const answer = await this.guest.act(action.name, data);
    this.learn(action, answer);
    this.log.reply(data ? `${action.name} · ${data[action.field]} ${action.field}` : action.name, answer);
  }

  learn(action, { code, status, retryAfter }) {
    const now = Date.now();
    if (code === undefined) this.ready.set(action.name, action.once ? Infinity : now + action.cooldownMs);
    else if (code === "ALREADY_COMPLETED") this.ready.set(action.name, Infinity);
    else if (status === 409) this.ready.set(action.name, now + (retryAfter ?? 0) * 1000);
  }

  some(action, count) {
    return Promise.all(Array.from({ length: count }, () => this.guest.act(action.name, this.data(action))));
  }

  async burst() {
    const action = this.often();
    this.log.many(`${BURST} × ${action.name}`, await this.some(action, BURST));
  }

  async replay() {
    const action = this.often();
    const [honest, again] = await this.guest.replay(action.name, this.data(action));
    this.log.reply("Honest request", honest);
    if (again) this.log.reply("The same, replayed", again, { REPLAY_ATTACK: "Its nonce is spent: it counts once." });
  }

  async forge() {
    const action = this.often();
    const answer = await this.guest.forge(action.name, this.data(action));
    this.log.reply("Forged signature", answer,
      { INVALID_SIGNATURE: "Signed without the key. It cost its sender, nobody else." });
  }

  async spam() {
    const action = this.often();
    const answers = [];
    while (answers.length < SPAM && answers.every(({ code }) => code === undefined)) {
      answers.push(...await this.some(action, NICE));
    }
    this.log.many(`Spam: ${answers.length} × ${action.name}`, answers);
  }
}
