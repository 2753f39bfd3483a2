// A user signs in once: in a browser, on another device, at any terminal; the token is then there for scripts.
// proves: cli/src/cli.ts, cli/src/main.ts, cli/src/context.ts, cli/src/commands/login.ts, cli/src/commands/token.ts,
// cli/src/commands/accounts.ts, cli/src/commands/logout.ts, cli/src/sign-in/sign-in.ts, cli/src/sign-in/device-code.ts,
// cli/src/sign-in/chosen-browser.ts, cli/src/sign-in/address.ts, cli/src/terminal/terminal.ts,
// cli/src/tokens/session.ts, cli/src/tokens/user-token.ts, cli/src/tokens/wanted-token.ts, cli/src/tokens/token-of-profile.ts, cli/src/tokens/silent-token.ts, cli/src/profiles/remember-account.ts, cli/src/exit-codes.ts
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { profileIn, startStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ deviceCode: { interval: 1 } });
});
afterAll(() => stage.close());

const login = (more = ""): string => `tessera login ${stage.client.join(" ")} --scope User.Read ${more}`;

describe("tessera login", () => {
  test("opens the browser, and remembers the user; tessera token then prints the token and nothing else", async () => {
    const home = stage.home();
    const { code, stdout, stderr } = await home.run(["login", ...stage.client, "--scope", "User.Read"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain(`tessera: ${stage.user.username} is signed in to the profile "default"`);
    expect(profileIn(home)).toMatchObject({
      clientId: stage.app.clientId,
      provider: `authority:${stage.authority.authorityUrl()}`,
      scopes: ["User.Read"],
      store: "file",
      account: { username: stage.user.username },
    });
    const visits = stage.visits();
    const token = await home.run(["token"]);
    expect([token.code, token.stderr]).toEqual([0, ""]);
    expect(decodeJwt(token.stdout.trim())).toMatchObject({
      scp: expect.stringContaining("User.Read"),
      appid: stage.app.clientId,
    });
    expect(stage.visits()).toBe(visits);
  });

  test("shows a device code with a QR code and the time that is left, in a window that can", async () => {
    const terminal = stage.home().atTerminal(login("--device-code"));
    await terminal.see(/Waiting for you, 1[45]:\d\d left/);
    expect(terminal.shown()).toMatch(/[█▀▄]{10}/);
    await stage.signInOn(terminal);
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown()).toContain("is signed in to the profile");
    // The cursor is back.
    expect(terminal.shown()).toContain("\u001b[?25h");
  });

  test.each([
    ["a dumb terminal", { env: { TERM: "dumb" } }, ""],
    ["a screen reader", {}, "--plain"],
    ["a setting for screen readers", { env: { TESSERA_PLAIN: "1" } }, ""],
  ])("shows it in plain sentences for %s", async (_, options, flag) => {
    const terminal = stage.home().atTerminal(login(`--device-code ${flag}`), options);
    await terminal.see(/The code is good for 1[45]:\d\d\. Ctrl\+C gives up\./);
    await stage.signInOn(terminal);
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown()).not.toMatch(/[█▀▄⠋]/);
    expect(terminal.shown()).not.toContain("\u001b");
  });

  test("shows no QR code where it does not fit, and no colors with NO_COLOR", async () => {
    const options = { columns: 30, env: { NO_COLOR: "1" } };
    const terminal = stage.home().atTerminal(login("--device-code"), options);
    await stage.signInOn(terminal);
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown()).not.toMatch(/[█▀▄]/);
    expect(terminal.shown()).not.toContain("\u001b[1m");
  });

  test("prints the address, and the port to forward, with --browser where there is none", async () => {
    const terminal = stage.home({ BROWSER: "" }).atTerminal(`exec ${login("--browser")}`);
    const [, url = "", port = ""] = await terminal.see(
      /Open this address in a browser to sign in:\s+(https:\S+)[^]*ssh -L (\d+):localhost:/,
    );
    expect(new URL(new URL(url).searchParams.get("redirect_uri") ?? "").port).toBe(port);
    terminal.type("\u0003");
    expect(await terminal.end()).toBe(130);
  });

  test("takes a device code where no browser can be opened, and shows it on standard error without a terminal", async () => {
    const home = stage.home({ BROWSER: "", CI: "true" });
    const terminal = home.atTerminal(`setsid ${login()} 2>&1 | cat`);
    await stage.signInOn(terminal);
    expect(await terminal.end()).toBe(0);
  });

  test("exits with 4 when the user declines, in the browser and at the device code", async () => {
    const home = stage.home();
    stage.decline(1);
    const inBrowser = await home.run(["login", ...stage.client]);
    expect(inBrowser).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/tessera: The sign-in was declined/),
    });
    const terminal = home.atTerminal(login("--device-code"));
    await stage.signInOn(terminal, "cancel");
    expect(await terminal.end()).toBe(4);
    expect(existsSync(join(home.profiles, "default/profile.json"))).toBe(false);
  });
});

describe("tessera token", () => {
  test("asks at the controlling terminal, also inside $(…)", async () => {
    const home = stage.home();
    await stage.signedIn(home);
    await home.run(["logout"]);
    const terminal = home.atTerminal('token=$(tessera token 2>/dev/null) && echo "got ${#token} letters"');
    await terminal.see(/Sign in in the browser window that opens/);
    const [, length] = await terminal.see(/got (\d+) letters/);
    expect(Number(length)).toBeGreaterThan(500);
    expect(await terminal.end()).toBe(0);
  });

  test("exits with 3 and says what to run: without a terminal, and with --no-prompt at one", async () => {
    const home = stage.home();
    await stage.signedIn(home);
    await home.run(["logout"]);
    const visits = stage.visits();
    const told =
      'tessera: Nobody is signed in to the profile "default": run tessera login --profile default.\n';
    expect(await home.run(["token"])).toEqual({ code: 3, stdout: "", stderr: told });
    const terminal = home.atTerminal("tessera token --no-prompt");
    expect(await terminal.end()).toBe(3);
    expect(terminal.shown()).toContain(told.trim());
    expect(stage.visits()).toBe(visits);
  });

  test("prints each form", async () => {
    const home = stage.home();
    await stage.signedIn(home);
    const raw = (await home.run(["token"])).stdout.trim();
    expect((await home.run(["token", "--output", "header"])).stdout).toBe(`Authorization: Bearer ${raw}\n`);
    const env = await home.tool([
      "sh",
      "-c",
      'eval "$(tessera token -o env)"; echo "$TESSERA_ACCESS_TOKEN $TESSERA_EXPIRES_ON"',
    ]);
    expect(env.stdout).toMatch(new RegExp(`^${raw.replaceAll(".", "\\.")} \\d{4}-`));
    expect(JSON.parse((await home.run(["token", "-o", "json"])).stdout)).toMatchObject({
      accessToken: raw,
      tokenType: "Bearer",
      username: stage.user.username,
    });
  });

  test("announces a token that goes to a terminal", async () => {
    const home = stage.home();
    await stage.signedIn(home);
    const terminal = home.atTerminal("tessera token");
    expect(await terminal.end()).toBe(0);
    expect(terminal.shown()).toMatch(
      /What follows is an access token\. Anybody who sees it can use it until/,
    );
  });

  test("renews a token, and asks when the provider refuses that", async () => {
    const home = stage.home();
    await stage.signedIn(home, "--profile", "short");
    const first = await home.run(["token", "--profile", "short"]);
    // A token for another API comes from the refresh token.
    const other = await home.run(["token", "-p", "short", "--scope", "Mail.Read"]);
    expect([first.code, other.code, other.stderr]).toEqual([0, 0, ""]);
    expect(decodeJwt(other.stdout.trim())).toMatchObject({ scp: expect.stringContaining("Mail.Read") });
  });
});

test("tessera accounts says who is signed in where, and tessera logout ends it", async () => {
  const home = stage.home();
  await stage.signedIn(home, "--profile", "work");
  const listed = await home.run(["accounts"]);
  expect(listed.stdout).toMatch(
    new RegExp(
      `^work: ${stage.user.username}\n  at https://localhost:\\d+/.*, client .*, store file\n  scopes User\\.Read\n$`,
    ),
  );
  expect(JSON.parse((await home.run(["accounts", "--json"])).stdout)).toMatchObject([
    { profile: "work", users: [stage.user.username], store: "file" },
  ]);
  const out = await home.run(["logout"]);
  expect(out).toMatchObject({
    code: 0,
    stderr: `tessera: ${stage.user.username} is signed out of the profile "work".\n`,
  });
  expect((await home.run(["accounts"])).stdout).toContain("work: nobody is signed in");
  expect(readFileSync(join(home.profiles, "work/token-cache.json"), "utf8")).not.toContain("eyJ");
});

test("Ctrl+C at a sign-in leaves no lock and no half-written file, and exits with 130", async () => {
  const home = stage.home({ BROWSER: "true" });
  const terminal = home.atTerminal(`exec ${login()}`);
  await terminal.see(/Sign in in the browser window/);
  terminal.type("\u0003");
  expect(await terminal.end()).toBe(130);
  const left = readdirSync(home.profiles, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(home.profiles, name)).isFile(),
  );
  expect(left).toEqual([]);
});

test("only the owner may read what is kept", async () => {
  const home = stage.home();
  expect(await home.run(["login", ...stage.client, "--scope", "User.Read"])).toMatchObject({ code: 0 });
  for (const name of ["", "default", "default/profile.json", "default/token-cache.json"])
    expect(statSync(join(home.profiles, name)).mode & 0o077).toBe(0);
});
