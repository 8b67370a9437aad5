// What a connection may do next, and when it tries again: no socket, no clock, no randomness here.
// The states are those of the flow; a public board may be subscribed to without a session.

export const [DISCONNECTED, CONNECTING, CONNECTED, AUTHENTICATING, AUTHENTICATED, SUBSCRIBED] =
  ["Disconnected", "Connecting", "Connected", "Authenticating", "Authenticated", "Subscribed"];

export const TRANSITIONS = {
  [DISCONNECTED]: [CONNECTING],
  [CONNECTING]: [CONNECTED, DISCONNECTED],
  [CONNECTED]: [AUTHENTICATING, SUBSCRIBED, DISCONNECTED],
  [AUTHENTICATING]: [AUTHENTICATED, DISCONNECTED],
  [AUTHENTICATED]: [SUBSCRIBED, DISCONNECTED],
  [SUBSCRIBED]: [SUBSCRIBED, AUTHENTICATED, DISCONNECTED],
};

const FIRST_WAIT = 250;
const LONGEST_WAIT = 10_000;

// After these a client needs something new: a token, or a page that is right.
const NEEDS_A_TOKEN = 4401;
const FINAL = new Set([4400, 4403]);

export const may = (from, to) => TRANSITIONS[from].includes(to);

// What a close means: try again later, get a token first, or stay away.
export function after(code) {
  if (FINAL.has(code)) return "stop";
  return code === NEEDS_A_TOKEN ? "token" : "retry";
}

// Milliseconds before try number `failures`; `chance` is from 0 to 1, so that a crowd spreads out.
export function backoff(failures, chance) {
  const bound = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 10));
  return Math.round(bound * (0.5 + chance / 2));
}

// Whether a version of the standings is new to who has seen `seen` ({epoch, sequence} or null).
export function isNew(snapshot, seen) {
  return seen === null || snapshot.epoch !== seen.epoch || snapshot.sequence > seen.sequence;
}
