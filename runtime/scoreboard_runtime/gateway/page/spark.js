// A score's last minute as a line: one sample a second, drawn over the row's own range. Who has been
// seen for less than a minute has a line of that time.

const SECONDS = 60, LEAST = 8;
const WIDTH = 72, HEIGHT = 20, EDGE = 2;

/** Points of the line for `samples` ([second, score], oldest first) as seen at `now` (a second). */
export function line(samples, now) {
  const low = Math.min(...samples.map(([, score]) => score));
  const high = Math.max(...samples.map(([, score]) => score));
  const span = Math.max(LEAST, Math.min(SECONDS, now - samples[0][0]));
  const x = (second) => WIDTH - EDGE - (Math.min(span, now - second) / span) * (WIDTH - 2 * EDGE);
  const y = (score) => (high === low ? HEIGHT - EDGE
    : HEIGHT - EDGE - ((score - low) / (high - low)) * (HEIGHT - 2 * EDGE));
  const points = [];
  for (const [second, score] of samples) {
    const last = points.at(-1);
    if (last) points.push([x(second), last[1]]); // a step: the score stood until then
    points.push([x(second), y(score)]);
  }
  points.push([WIDTH - EDGE, points.at(-1)[1]]);
  return points;
}

export class Spark {
  constructor(svg) {
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.path = svg.querySelector(".trend");
    this.end = svg.querySelector("circle");
    this.samples = [];
  }

  sample(score, now = Math.floor(Date.now() / 1000)) {
    const last = this.samples.at(-1);
    if (last?.[0] === now && this.samples.length > 1) last[1] = score;
    else if (last?.[1] !== score) this.samples.push([now, score]);
    else if (this.drawn === now) return;
    // The newest sample that is too old still says where the line begins.
    while (this.samples[1] && this.samples[1][0] < now - SECONDS) this.samples.shift();
    const points = line(this.samples, now);
    this.drawn = now;
    this.path.setAttribute("points", points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "));
    this.end.setAttribute("cx", points.at(-1)[0]);
    this.end.setAttribute("cy", points.at(-1)[1].toFixed(1));
  }
}
