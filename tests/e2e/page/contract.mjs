// What the JavaScript client promises, asked of a real board. Runs in Chromium and in Node:
// test_client.py gives it the module, the board's address and what else the place has.

const PASSWORD = "a good long password";

function equal(found, wanted) {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value));
  if (one !== other) throw new Error(`${one} is not ${other}`);
}

async function until(condition, what, ms = 15_000) {
  for (const end = Date.now() + ms; ;) {
    const found = await condition();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

async function refusal(promise) {
  try { await promise; } catch (error) { return error; }
  throw new Error("it was not refused");
}

async function player({ Scoreboard, random }, url, options) {
  const board = new Scoreboard(url, options);
  const name = `p-${random(5)}`;
  await board.register(name, PASSWORD);
  await board.login(name, PASSWORD);
  return Object.assign(board, { name });
}

// A socket that something on its way ends.
class Blocked {
  constructor() { setTimeout(() => this.onclose?.({ code: 1006, reason: "" }), 1); }

  close() { this.onclose = null; }
}

// The states and the events of a watch, as they come.
function traced(watch) {
  const seen = { states: [], ways: [], recovered: [], standings: [], users: [], jobs: [], ended: [], finals: 0 };
  watch.on("state", ({ state, via, recovered, final }) => {
    seen.states.push(state);
    seen.ways.push(via);
    if (recovered !== undefined) seen.recovered.push(recovered);
    if (final) seen.finals++;
  });
  watch.on("standings", (snapshot) => seen.standings.push(snapshot));
  watch.on("user", (user) => seen.users.push(user));
  watch.on("job", (job) => seen.jobs.push(job));
  watch.on("ended", (why) => seen.ended.push(why));
  return Object.assign(seen, { live: () => watch.state === "Subscribed" });
}

async function watched(board, work) {
  const watch = board.watch();
  const seen = traced(watch);
  try { await work(watch, seen); } finally { watch.close(); }
}

export const contract = {
  async "signs as the server does"({ sign }, url, { signingKey, signature, ...request }) {
    equal(await sign(signingKey, request), signature);
  },

  async "registers, logs in, keeps one session over a refresh, logs out"(client, url) {
    const board = await player(client, url);
    const before = board.session;
    equal(board.user.username, board.name);

    const [one, other] = await Promise.all((board.doubt(), [board.token(), board.token()]));

    equal(one, other);
    equal(board.session.refreshToken !== before.refreshToken, true);
    equal(board.session.session, before.session);
    await board.logout();
    equal(board.user, null);
  },

  async "an error has code, detail, requestId and status"(client, url) {
    const board = new client.Scoreboard(url);
    const short = await refusal(board.register("x", PASSWORD));
    equal([short.code, short.message.includes("/username: must have")], ["VALIDATION_ERROR", true]);
    const error = await refusal(board.login("nobody-at-all", PASSWORD));
    equal([error instanceof client.ScoreboardError, error.code, error.status], [true, "INVALID_CREDENTIALS", 401]);
    equal(error.requestId.length > 7 && error.detail.length > 5, true);
    equal((await refusal(new client.Scoreboard("http://127.0.0.1:1").config())).code, "NETWORK");
    equal((await refusal(board.execute("level"))).code, "INVALID_TOKEN");
  },

  async "an action is signed, and its job awaited"(client, url) {
    const board = await player(client, url);
    const { jobId, status } = await board.execute("coins", { coins: 7 });
    equal(status, "queued");
    const job = await board.finished(jobId);
    equal([job.status, job.result.points, job.result.score], ["completed", 14, 14]);
    equal((await board.around(0)).entries[0].score, 14);
    equal((await refusal(board.execute("nothing"))).code, "TASK_NOT_FOUND");
  },

  async "a batch answers in its order, refusals as errors"(client, url) {
    const board = await player(client, url);
    const answers = await board.batch([{ action: "level" }, { action: "slow" }, { action: "slow" }]);
    equal(answers.map((answer) => answer.code ?? answer.status), ["queued", "queued", "COOLDOWN"]);
    equal(answers[2].retryAfter > 1000, true);
  },

  async "standings are read in parts, with a session or without"(client, url) {
    const board = await player(client, url), other = await player(client, url);
    await Promise.all([board, other].map(async (each) => each.finished((await each.execute("level")).jobId)));
    const whole = await new client.Scoreboard(url).standings({ limit: 100 });
    const [first, second] = whole.entries;
    const part = await board.standings({ board: "main", limit: 1, offset: 1 });
    equal([part.entries, part.total, part.sequence], [[second], whole.total, whole.sequence]);
    equal([first.rank, second.rank, first.score >= second.score], [1, 2, true]);
    equal((await board.standings({ offset: whole.total })).entries, []);
    equal((await refusal(board.standings({ limit: 101 }))).code, "VALIDATION_ERROR");
  },

  async "the board says what it is and what may be played"(client, url) {
    const { name, board, public: open, registrationOpen, websocketUrl, actions, layers } =
      await new client.Scoreboard(url).config();
    equal([name, board, open, registrationOpen, websocketUrl.endsWith("/ws")], ["arcade", "main", true, true, true]);
    const [coins] = actions.filter((action) => action.name === "coins");
    equal([coins.kind, coins.field, coins.points, coins.max, coins.issued], ["measured", "coins", 2, 500, false]);
    equal(layers.REPLAY_ATTACK.length > 0, true);
  },

  async "an issued task is completed by its id"(client, url) {
    const board = await player(client, url);
    const { taskId } = await board.issue("boss");
    const { jobId } = await board.execute("boss", undefined, { taskId });
    equal((await board.finished(jobId)).result.points, 1000);
  },

  async "a key makes copies one job"(client, url) {
    const board = await player(client, url);
    const idempotencyKey = client.random();
    const [one, other] = await Promise.all([1, 2].map(() => board.execute("level", undefined, { idempotencyKey })));
    equal(one.jobId, other.jobId);
    equal((await refusal(board.execute("slow", undefined, { idempotencyKey }))).code, "IDEMPOTENCY_MISMATCH");
  },

  async "with a key a lost answer is asked for again, and counts once"(client, url) {
    const board = await player(client, url);
    const native = globalThis.fetch;
    let lost = 0;
    globalThis.fetch = async (...given) => {
      const answer = await native(...given);
      if (given[0].endsWith("/execute") && lost++ < 2) throw new TypeError("the answer was lost");
      return answer;
    };
    try {
      equal((await refusal(board.execute("level"))).code, "NETWORK");
      const { jobId } = await board.execute("level", undefined, { idempotencyKey: client.random() });
      await board.finished(jobId);
    } finally { globalThis.fetch = native; }
    equal([lost, (await board.around(0)).entries[0].score], [3, 200]);
  },

  async "a wrong clock is corrected by the server's Date"(client, url) {
    const board = await player(client, url);
    const native = Date.now;
    Date.now = () => native() - 300_000;
    try {
      board.ahead = 0;
      equal((await board.execute("level")).status, "queued");
      equal(Math.abs(board.ahead - 300_000) < 2500, true);
    } finally { Date.now = native; }
  },

  async "a watch goes through the flow's states and hears of everything"(client, url) {
    const board = await player(client, url);
    await watched(board, async (watch, seen) => {
      await until(seen.live, "subscribed");
      equal(seen.states.slice(0, 5), ["Connecting", "Connected", "Authenticating", "Authenticated", "Subscribed"]);
      const { jobId } = await board.execute("level");
      await until(() => seen.users.some(({ score }) => score === 100), "the own score");
      await until(() => seen.jobs.some((job) => job.jobId === jobId), "the job");
      await until(() => board.roundTrip < Infinity, "the clock is measured");
      equal(Math.abs(board.ahead) < 2000, true);
      const [first] = seen.standings;
      equal([first.board, first.window, typeof first.sequence, Array.isArray(first.entries)], ["main", "current", "number", true]);
    });
  },

  async "who has no session watches a public board"(client, url) {
    await watched(new client.Scoreboard(url), async (watch, seen) => {
      await until(seen.live, "subscribed");
      equal(seen.states.slice(0, 3), ["Connecting", "Connected", "Subscribed"]);
    });
  },

  async "a connection that is cut resumes where it was"(client, url) {
    const board = await player(client, url);
    await watched(board, async (watch, seen) => {
      await board.finished((await board.execute("level")).jobId);
      await until(() => seen.live() && seen.standings.length, "subscribed");
      const before = seen.recovered.length;
      watch.cut(50);
      equal(watch.state, "Disconnected");
      await until(() => seen.recovered.length > before, "subscribed again");
      equal(seen.recovered[before] || seen.standings.length > 1, true); // others may have played
      equal(watch.resume.sequence >= seen.standings[0].sequence, true);
    });
  },

  async "after a message that is none it stays away until it is opened again"(client, url) {
    await watched(new client.Scoreboard(url), async (watch, seen) => {
      await until(seen.live, "subscribed");
      watch.link.send({ type: "nonsense" });
      await until(() => seen.finals, "4400 is final");
      equal([watch.state, watch.retry], ["Disconnected", null]);
      watch.open();
      await until(seen.live, "subscribed again");
    });
  },

  async "a session that ends elsewhere is told, and the watch goes on with what renew makes"(client, url) {
    let renewed = 0;
    const board = await player(client, url, {
      renew: async (self) => { renewed++; await self.login(self.name, PASSWORD); },
    });
    await watched(board, async (watch, seen) => {
      await until(seen.live, "subscribed");
      const { token } = board.session;
      await board.send("POST", "/api/auth/logout", { token });
      await until(() => seen.ended.length, "it is told");
      await until(() => seen.live() && (board.session?.token ?? token) !== token, "subscribed with a new session");
      equal([renewed, seen.ended], [1, ["logged_out"]]);
    });
  },

  async "where no socket gets through it takes the stream, with a token and resuming"(client, url) {
    const board = await player(client, url, { WebSocket: Blocked });
    await watched(board, async (watch, seen) => {
      await until(seen.live, "subscribed");
      equal([watch.via, seen.ways[0]], ["stream", "socket"]);
      equal(seen.states.slice(-5), ["Connecting", "Connected", "Authenticating", "Authenticated", "Subscribed"]);
      await board.execute("level");
      await until(() => seen.users.some(({ score }) => score === 100), "the own score, by asking");
      watch.cut(50);
      await until(() => seen.recovered.length === 2, "subscribed again");
      equal(watch.via, "stream");
      await board.logout();
      await until(() => seen.ended.length, "the end of the session");
      equal(seen.ended, ["logged_out"]);
    });
  },

  async "how much is played is heard by who listens"(client, url) {
    for (const options of [{}, { WebSocket: Blocked }]) {
      const board = await player(client, url, options);
      const watch = board.watch();
      let said = null;
      watch.on("activity", ({ actionsPerSecond }) => { said = actionsPerSecond; });
      try {
        await until(() => watch.state === "Subscribed", "subscribed");
        await board.batch(Array.from({ length: 10 }, () => ({ action: "level" })));
        await until(() => said >= 2, "ten actions in five seconds");
      } finally { watch.close(); }
    }
  },

  async "without a way to be pushed it asks"(client, url) {
    const board = await player(client, url, { WebSocket: Blocked });
    const native = globalThis.fetch;
    globalThis.fetch = (address, given) => (String(address).includes("/stream")
      ? Promise.reject(new TypeError("blocked")) : native(address, given));
    try {
      await watched(board, async (watch, seen) => {
        await until(() => seen.standings.length, "standings by asking");
        await board.execute("level");
        await until(() => seen.users.some(({ score }) => score === 100), "the own score by asking");
        equal(seen.states.includes("Subscribed"), false);
        equal(["socket", "stream"].every((way) => seen.ways.includes(way)), true);
      });
    } finally { globalThis.fetch = native; }
  },
};

// Every check by its name: null, or what went wrong.
export async function checked(client, url, options) {
  const found = {};
  for (const [name, check] of Object.entries(contract)) {
    try { found[name] = (await check(client, url, options)) ?? null; } catch (error) {
      found[name] = `${error.stack ?? error}`;
    }
  }
  return found;
}
