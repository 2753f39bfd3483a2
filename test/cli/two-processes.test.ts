// Processes that need a sign-in at once ask the user once; when the one that asks is interrupted, the next one takes over.
// proves: cli/src/sign-in/ask-once.ts
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startStage, type Home, type Stage } from "./stage.js";

let stage: Stage;
let home: Home;
beforeAll(async () => {
  stage = await startStage({ deviceCode: { interval: 1 } });
  home = stage.home();
  await stage.signedIn(home);
});
beforeEach(async () => {
  await home.run(["logout"]);
});
afterAll(() => stage.close());

// Without a browser, the first process waits at its code for as long as the test wants.
const alone = { env: { BROWSER: "", CI: "true", DISPLAY: "", WAYLAND_DISPLAY: "", SSH_CONNECTION: "" } };
const ask = 'token=$(tessera token) && echo "got ${#token} letters" || echo "exit $?"';

test("two at once ask once, and both get the token", async () => {
  const first = home.atTerminal(ask, alone);
  await first.see(/enter the code/);
  const second = home.atTerminal(ask, alone);
  await second.see(/Another process \(\d+\) is asking you to sign in; waiting for it\./);
  await stage.signInOn(first);
  await first.see(/got \d+ letters/);
  await second.see(/got \d+ letters/);
  expect(second.shown()).not.toContain("enter the code");
  expect(await Promise.all([first.end(), second.end()])).toEqual([0, 0]);
});

test.each([
  ["is interrupted", "\u0003"],
  ["loses its terminal", undefined],
])("when the one that asks %s, the other takes over", async (_, typed) => {
  const first = home.atTerminal(typed === undefined ? "exec tessera token" : ask, alone);
  await first.see(/enter the code/);
  const second = home.atTerminal(ask, alone);
  const [, pid] = await second.see(/Another process \((\d+)\)/);
  if (typed === undefined) process.kill(Number(pid), "SIGKILL");
  else first.type(typed);
  await first.end();
  await stage.signInOn(second);
  await second.see(/got \d+ letters/);
  expect(await second.end()).toBe(0);
});

test("a refusal is the answer for all that waited", async () => {
  const first = home.atTerminal(ask, alone);
  await first.see(/enter the code/);
  const second = home.atTerminal(ask, alone);
  await second.see(/Another process/);
  await stage.signInOn(first, "cancel");
  await first.see(/exit 4/);
  await second.see(/The sign-in was declined in another process\.[^]*exit 4/);
  await Promise.all([first.end(), second.end()]);
  // Later, the user is asked again.
  const third = home.atTerminal(ask, alone);
  await stage.signInOn(third);
  await third.see(/got \d+ letters/);
  await third.end();
});
