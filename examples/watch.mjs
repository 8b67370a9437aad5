// node watch.mjs [URL]: plays once and watches the standings. Beside it: curl -O $URL/scoreboard.js
import { Scoreboard, random } from "./scoreboard.js";
const board = new Scoreboard(globalThis.process?.argv[2]);
const [name, password] = [`guest-${random(3)}`, random()];
await board.register(name, password);
await board.login(name, password);
const watch = board.watch().on("standings", ({ entries }) => console.log(entries.slice(0, 3)));
const { jobId } = await board.execute("collect_coins", { coins: 7 });
console.log(await board.finished(jobId));
watch.close();
