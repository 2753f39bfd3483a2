// User names and passwords of the tenant's own users, and of an AD FS that is the authority itself.
// proves: core/src/flows/username-password.ts
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";
import { scriptedNetwork } from "../support/scripted-network.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };
const mia = { username: "mia@contoso.example", password: "mia-password" };
const federated = { username: "grace@partner.example", password: "grace-password" };

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [{ domain: "contoso.example", users: [{ ...mia, multiFactor: true }] }],
  });
});
afterEach(() => entra.authority.clearRequests());
afterAll(() => entra.close());

const endpoints = (): readonly string[] =>
  entra.authority.requests
    .map(({ endpoint }) => endpoint)
    .filter((endpoint) => !["openid-configuration", "instance-discovery"].includes(endpoint));
const redemption = () => entra.authority.requests.findLast(({ endpoint }) => endpoint === "token")?.form;

describe("a user of the tenant", () => {
  test("gets tokens, which are kept", async () => {
    const app = entra.publicClient();
    const result = await app.acquireTokenByUsernamePassword({ scopes, ...alice });
    expect(accountOf(result).username).toBe(alice.username);
    expect(endpoints()).toEqual(["user-realm", "token"]);
    expect(redemption()).toMatchObject({ grant_type: "password", ...alice });
    const silent = await app.acquireTokenSilent({ scopes, account: accountOf(result) });
    expect(silent).toMatchObject({ fromCache: true, accessToken: result.accessToken });
  });

  test("works for a confidential client, too", async () => {
    const result = await entra.confidential().acquireTokenByUsernamePassword({ scopes, ...alice });
    expect(accountOf(result).username).toBe(alice.username);
  });

  test.each([
    ["a wrong password", { ...alice, password: "not-the-password" }, "ServerError", "invalid_grant", 50126],
    [
      "an unknown user",
      { username: "nobody@contoso.example", password: "x-password" },
      "ServerError",
      "invalid_grant",
      50034,
    ],
    [
      "a disabled user",
      { username: "carol@contoso.example", password: "carol-password" },
      "ServerError",
      "invalid_grant",
      50057,
    ],
    [
      "a user who needs a second factor",
      { username: "mia@contoso.example", password: "mia-password" },
      "InteractionRequiredAuthError",
      "interaction_required",
      50076,
    ],
  ])("%s ends in the server's error, and nothing is kept", async (_, user, name, errorCode, errorNo) => {
    const app = entra.publicClient();
    const failed = app.acquireTokenByUsernamePassword({ scopes, ...user });
    const error: unknown = await failed.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name, errorCode, errorNo });
    expectNoSecretIn(error, [user.password]);
    await expectNothingKept(app);
  });

  test.each([
    ["username", { username: "", password: "x" }],
    ["password", { username: "x", password: "" }],
    ["username", { username: undefined as never, password: "x" }],
  ])("an empty %s is refused before anything is sent", async (field, user) => {
    const failed = entra.publicClient().acquireTokenByUsernamePassword({ scopes, ...user });
    await expect(failed).rejects.toMatchObject({ errorMessage: expect.stringContaining(field) });
    expect(entra.authority.requests).toEqual([]);
  });

  test("two different passwords at once do not share an answer", async () => {
    const app = entra.publicClient();
    const [good, bad] = await Promise.allSettled([
      app.acquireTokenByUsernamePassword({ scopes, ...alice }),
      app.acquireTokenByUsernamePassword({ scopes, ...alice, password: "wrong" }),
    ]);
    expect([good.status, bad.status]).toEqual(["fulfilled", "rejected"]);
  });
});

test("an AD FS as the authority gets the password itself: nobody is asked where the user's home is", async () => {
  const adfs = "https://adfs.partner.example/adfs";
  const idToken = [
    "{}",
    JSON.stringify({ sub: "grace", upn: federated.username, aud: "the-client", iss: adfs, exp: 9e9, iat: 1 }),
    "",
  ]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");
  const network = scriptedNetwork({
    [`GET ${adfs}/.well-known/openid-configuration`]: {
      issuer: adfs,
      authorization_endpoint: `${adfs}/oauth2/authorize/`,
      token_endpoint: `${adfs}/oauth2/token/`,
      jwks_uri: `${adfs}/discovery/keys`,
    },
    [`POST ${adfs}/oauth2/token/`]: {
      access_token: "an access token",
      id_token: idToken,
      token_type: "bearer",
      expires_in: 3600,
    },
  });
  const app = new PublicClientApplication({
    auth: { clientId: "the-client", authority: adfs, knownAuthorities: ["adfs.partner.example"] },
    system: { networkClient: network },
  });
  const result = await app.acquireTokenByUsernamePassword({ scopes: ["openid"], ...federated });
  expect(result.accessToken).toBe("an access token");
  expect(network.requests.map(({ line }) => line)).toEqual([
    `GET ${adfs}/.well-known/openid-configuration`,
    `POST ${adfs}/oauth2/token/`,
  ]);
  expect(network.requests[1]?.form).toMatchObject({ grant_type: "password", ...federated });
});
