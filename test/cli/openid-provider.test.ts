// Any OpenID Provider: a sign-in, a renewal with rotation, a refused one, and a sign-out everywhere.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { startStage, type Home, type Stage, type Terminal } from "./stage.js";

let stage: Stage;
let provider: OpenIdProvider;
let home: Home;
beforeAll(async () => {
  stage = await startStage();
  provider = await startOpenIdProvider({
    pollSeconds: 1,
    configure: (own) => ({
      ...own,
      features: { ...own.features, revocation: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    }),
  });
  home = stage.home({ BROWSER: "" });
});
afterAll(async () => {
  await provider.close();
  await stage.close();
});

const login = (): Terminal =>
  home.atTerminal(
    `tessera login --issuer ${provider.url} --client-id ${provider.clients.publicClient.clientId} --scope openid --scope offline_access --device-code`,
  );

test("a user signs in, and tokens are renewed with a refresh token that rotates", async () => {
  const terminal = login();
  await stage.signInOn(terminal);
  expect(await terminal.end()).toBe(0);
  const first = await home.run(["token"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  await home.run(["bind", "a.example"]);
  const erase = `protocol=https\nhost=a.example\npassword=${first.stdout.trim()}\n\n`;
  expect(await home.run(["credential", "git", "erase"], { input: erase })).toMatchObject({ code: 0 });
  const second = await home.run(["token"]);
  expect(second.code).toBe(0);
  expect(second.stdout).not.toBe(first.stdout);
});

test("--everywhere revokes the tokens and ends the session; after that, the user must act", async () => {
  provider.clearRequests();
  const { code, stderr } = await home.run(["logout", "--everywhere"], { env: { DISPLAY: "" } });
  expect(code).toBe(0);
  expect(stderr).toContain("The provider has revoked the tokens.");
  const [, url = ""] = /open this address in the browser that is signed in there: (\S+)/.exec(stderr) ?? [];
  expect(url).toContain(`${provider.url}/session/end?`);
  // No token leaves through an address.
  expect(url).not.toMatch(/eyJ|id_token_hint/);
  expect(provider.requests.map(({ path }) => path)).toContain("/token/revocation");
  expect(await home.run(["token"])).toMatchObject({ code: 3, stdout: "" });
});

test("a refresh token that the provider refuses is the user's to mend: exit code 3", async () => {
  const terminal = login();
  await stage.signInOn(terminal);
  await terminal.end();
  const token = (await home.run(["token"])).stdout.trim();
  // The provider forgets what it has issued when the grant is revoked elsewhere.
  await fetch(`${provider.url}/token/revocation`, {
    method: "POST",
    body: new URLSearchParams({
      client_id: provider.clients.publicClient.clientId,
      token: refreshToken(home),
    }),
  });
  const input = `protocol=https\nhost=a.example\npassword=${token}\n\n`;
  expect(await home.run(["credential", "git", "erase"], { input })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/has to sign in again \(.*\): run tessera login --profile default\.\n$/),
  });
});

function refreshToken({ profiles }: Home): string {
  const text = readFileSync(join(profiles, "default/token-cache.json"), "utf8");
  const { RefreshToken = {} } = JSON.parse(text) as { RefreshToken?: Record<string, { secret: string }> };
  return Object.values(RefreshToken)[0]?.secret ?? "";
}
