// proves: core/src/http/transport.ts, core/src/client/renewals.ts, core/src/logger.ts,
// core/src/flows/ws-trust/user-realm.ts
// Without piiLoggingEnabled no log line names a user; with it, none holds a password, token or code.
import { setImmediate as nextTurn } from "node:timers/promises";
import * as peer from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { EndpointName, Fault } from "@tessera/local-authority";
import {
  LogLevel,
  type AccountInfo,
  type AuthenticationResult,
  type ClientApplication,
  type LoggerOptions,
} from "@tessera/node";
import {
  accessToken,
  account as cachedAccount,
  document,
  Network,
  now,
  refreshToken,
  scopes as cachedScopes,
  tessera,
} from "../support/cache-stage.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { interactiveUser } from "../support/interactive-user.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { createTestClock } from "../support/test-clock.js";
import { signIn } from "../support/sign-in.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const mia = { username: "marked-mia@contoso.example", password: "password-of-mia-0123" };
const guy = { username: "marked-guy@partner.example", password: "password-of-guy-0123" };
const redirectUri = "http://localhost:3000/redirect";

interface Line {
  readonly text: string;
  readonly containsPii: boolean;
}
let lines: Line[];
let errors: unknown[];
beforeEach(() => {
  lines = [];
  errors = [];
});
const logging = (piiLoggingEnabled: boolean): LoggerOptions => ({
  logLevel: LogLevel.Trace,
  piiLoggingEnabled,
  loggerCallback: (_, text, containsPii) => lines.push({ text, containsPii }),
});

/** What a user goes by, in the forms in which it goes over the wire. */
function namesOf(accounts: readonly AccountInfo[]): readonly string[] {
  const ids = accounts.flatMap(({ homeAccountId, localAccountId, name }) => [
    homeAccountId,
    localAccountId,
    name ?? "",
  ]);
  const names = ["marked-mia", "marked-guy", ...ids].filter((name) => name !== "");
  return names.flatMap((name) => [name, encodeURIComponent(name), Buffer.from(name).toString("base64url")]);
}

function tokensOf(app: ClientApplication): readonly string[] {
  const sections = Object.values<Record<string, { secret?: string }>>(
    JSON.parse(app.getTokenCache().serialize()),
  );
  return sections.flatMap((section) => Object.values(section).flatMap(({ secret }) => secret ?? []));
}

const without = (forbidden: readonly string[]): void => {
  const found = lines.filter(({ text }) => forbidden.some((one) => text.includes(one)));
  expect(found).toEqual([]);
};

describe("at Entra and its AD FS", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({
      tenants: [
        {
          domain: "contoso.example",
          users: [mia],
          federation: { domain: "partner.example", users: [guy] },
        },
      ],
    });
  });
  afterAll(() => entra.close());

  /** Every flow, its failures included. What it met on the way is returned. */
  async function everything(pii: boolean) {
    // What is sent again is logged as well.
    const clock = { now: () => entra.clock.now(), sleep: () => nextTurn() };
    const system = { loggerOptions: logging(pii), retries: 1, clock };
    const ca = entra.authority.caPem;
    const app = entra.publicClient({ system });
    const web = entra.confidential({ system });
    const accounts: AccountInfo[] = [];
    const ends = async (call: Promise<AuthenticationResult>): Promise<AuthenticationResult> => {
      const result = await call;
      accounts.push(accountOf(result));
      return result;
    };
    const fails = async (call: Promise<unknown>): Promise<void> => {
      errors.push(
        await call.then(
          () => Promise.reject(new Error("did not fail")),
          (error: unknown) => error,
        ),
      );
    };
    const naming = JSON.stringify({
      error: "invalid_grant",
      error_description: `The user ${mia.username} is not welcome`,
    });
    const refusing = (match: EndpointName, status = 400): Fault => ({ match, status, body: naming });
    const broken = (match: EndpointName): Fault => ({ match, reset: true });
    /** While an endpoint has a fault, which the call meets however often it asks. */
    const failsWith = async (fault: Fault, call: () => Promise<unknown>): Promise<void> => {
      const met = entra.authority.fault({ times: Infinity, ...fault });
      await fails(call());
      expect(met.hits).toBeGreaterThan(0);
      met.clear();
      // Past the time in which an equal call is answered locally.
      entra.clock.advance(61);
    };

    // Passwords: managed, federated, wrong, and with nobody there to ask.
    await ends(app.acquireTokenByUsernamePassword({ scopes, ...mia }));
    await ends(app.acquireTokenByUsernamePassword({ scopes, ...guy }));
    await fails(app.acquireTokenByUsernamePassword({ scopes, ...mia, password: "another-password" }));
    await fails(app.acquireTokenByUsernamePassword({ scopes, ...guy, password: "another-password" }));
    for (const fault of [
      broken("user-realm"),
      ...[302, 404, 429, 503].map((status) => refusing("user-realm", status)),
      refusing("ws-trust", 500),
    ])
      await failsWith(fault, () => app.acquireTokenByUsernamePassword({ scopes, ...guy }));

    // In a browser, on a device, and by the one call, which is told the name.
    const { openBrowser } = interactiveUser({ ...mia, ca });
    const loginHint = mia.username;
    await ends(app.acquireTokenInteractive({ scopes, openBrowser, loginHint }));
    await ends(
      app.acquireTokenByDeviceCode({
        scopes,
        deviceCodeCallback: ({ verificationUri, userCode }) =>
          void signInOnDevice(verificationUri, userCode, { ...mia, ca }).then(() => entra.clock.advance(10)),
      }),
    );
    await ends(app.acquireToken({ scopes, openBrowser, loginHint }));
    const noBrowser = async (): Promise<void> => {
      throw new Error("there is no browser");
    };
    await fails(entra.publicClient({ system }).acquireToken({ scopes, openBrowser: noBrowser, loginHint }));

    // With a code, silently, and by refresh token.
    const url = await web.getAuthCodeUrl({ scopes, redirectUri, loginHint });
    const code = (await signIn(url, { ...mia, ca })).searchParams.get("code") ?? "";
    const { account } = await ends(web.acquireTokenByCode({ scopes, redirectUri, code }));
    await fails(web.acquireTokenByCode({ scopes, redirectUri, code }));
    if (!account) throw new Error("no account");
    await ends(web.acquireTokenSilent({ scopes, account }));
    await ends(web.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    await failsWith(refusing("token"), () => web.acquireTokenSilent({ scopes, account, forceRefresh: true }));
    await failsWith(broken("token"), () =>
      web.acquireTokenSilent({ scopes, account, forceRefresh: true, redirectUri }),
    );
    await failsWith(refusing("token"), () =>
      web.acquireTokenOnBehalfOf({ scopes, oboAssertion: "an-assertion-of-marked-mia" }),
    );
    await failsWith(refusing("token"), () =>
      web.acquireTokenByUserFederatedIdentityCredential({ scopes, assertion: "an-assertion", ...mia }),
    );
    const flow = await web.initiateAuthCodeFlow({ scopes, redirectUri, loginHint });
    const parameters = Object.fromEntries((await signIn(flow.authUrl, { ...mia, ca })).searchParams);
    await ends(web.acquireTokenByAuthCodeFlow(flow, parameters));

    // And out.
    const tokens = [...tokensOf(app), ...tokensOf(web)];
    await web.getAccounts({ username: mia.username });
    await web.getAccountByHomeId(account.homeAccountId);
    await web.buildEndSessionUrl({ account, logoutHint: mia.username });
    await web.signOut({ account });
    for (const one of await app.getAllAccounts()) await app.removeAccount(one);
    const codes = [code, parameters["code"] ?? "", flow.codeVerifier ?? "", "an-assertion"];
    const secrets = [...tokens, ...codes, mia.password, guy.password, "another-password"];
    return { names: namesOf(accounts), secrets: secrets.filter((secret) => secret !== "") };
  }

  test("no line names a user, by name or id, and no line holds a secret; an error names a user in a server's own words only", async () => {
    const { names, secrets } = await everything(false);
    expect(lines.length).toBeGreaterThan(60);
    const log = lines.map(({ text }) => text).join();
    expect(log).toContain("/common/userrealm/{username}");
    expect(log).toContain("sent again");
    expect(names.length).toBeGreaterThan(12);
    expect(secrets.length).toBeGreaterThan(12);
    without([...names, ...secrets]);
    expect(lines.filter(({ containsPii }) => containsPii)).toEqual([]);
    const own = errors.filter((error) => {
      const { name, errorCode } = error as { readonly name: string; readonly errorCode?: string };
      return name === "ClientAuthError" && errorCode !== "federation_error";
    });
    expect(own.length).toBeGreaterThan(4);
    for (const error of own) expectNoSecretIn(error, ["marked-mia", "marked-guy"]);
  });

  test("with piiLoggingEnabled a line may name a user, and still holds no secret", async () => {
    const { secrets } = await everything(true);
    without(secrets);
  });
});

describe("a renewal in the background that fails", () => {
  const due = { refresh_on: `${now - 10}`, cached_at: `${now - 100}` };
  async function renew(pii: boolean): Promise<void> {
    const network = new Network(() => ({
      error: "invalid_grant",
      error_description: "AADSTS50057: the account marked-mia@contoso.example is disabled",
    }));
    const app = tessera(network, { system: { clock: createTestClock(), loggerOptions: logging(pii) } });
    app
      .getTokenCache()
      .deserialize(document({ AccessToken: accessToken(due), RefreshToken: refreshToken() }));
    await app.acquireTokenSilent({ scopes: cachedScopes, account: cachedAccount });
    for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    expect(lines.map(({ text }) => text).join()).toContain("stays in use");
  }

  test("is told by its code", async () => {
    await renew(false);
    expect(lines.map(({ text }) => text).join()).toContain("invalid_grant");
    without(["marked-mia", cachedAccount.homeAccountId]);
  });

  test("is told in the server's own words with piiLoggingEnabled, on a line that says so", async () => {
    await renew(true);
    const named = lines.filter(({ text }) => text.includes("marked-mia"));
    expect(named).toEqual([{ text: expect.stringContaining("AADSTS50057"), containsPii: true }]);
  });
});

test("@azure/msal-node keeps to the same", async () => {
  const app = new peer.PublicClientApplication({
    auth: { clientId: "desktop", authority: "https://login.microsoftonline.com/contoso.example" },
    system: {
      networkClient: recordedNetwork(() => ({ status: 400, body: { error: "invalid_grant" } })),
      loggerOptions: logging(false),
    },
  });
  await expect(app.acquireTokenByUsernamePassword({ scopes, ...guy })).rejects.toThrow();
  expect(lines.length).toBeGreaterThan(3);
  without(["marked-guy", guy.password]);
});
