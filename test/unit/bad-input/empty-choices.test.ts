// An empty text in a field that chooses whose token, or what for, would choose another one: it is refused by its name.
// proves: core/src/request/request-fields.ts, core/src/request/request-keys.ts, core/src/cache/account-filter.ts
import { describe, expect, it } from "@jest/globals";
import {
  AuthError,
  PublicClientApplication,
  tokenCredential,
  type AccountInfo,
  type AuthenticationResult,
} from "@tessera/node";
import { CHOOSERS } from "../../../packages/core/src/request/request-fields.js";
import { msal, Network, tessera, tokens } from "../../support/cache-stage.js";
import { application, expectSays, failure, good, methods, scopes, sentRequests } from "./refused-request.js";
import { clientId } from "./refusal.js";

const choosers = [...CHOOSERS];

describe.each(methods)("%s refuses, and sends nothing,", (method) => {
  it.each(choosers)("an empty %s", async (field) => {
    const error = await failure(method, { ...good[method], correlationId: "the-id", [field]: "" });
    expectSays(error, "invalid_option", new RegExp(`^${field} is an empty text, .*: pass a value, or omit`));
    expect(error.correlationId).toBe("the-id");
  });

  it.each(choosers)("no %s that is null or left out", async (field) => {
    for (const value of [null, undefined]) {
      // What is wrong is found in the end: the deadline.
      const error = await failure(method, { ...good[method], [field]: value, timeoutMs: 0 });
      expectSays(error, "invalid_option", /^timeoutMs/);
    }
  });
});

it.each([7, true, {}, ["a"]])(
  "fmiPath %j, for which the app's own token would be cached, is refused",
  async (fmiPath) => {
    const error = await application()
      .acquireTokenByClientCredential({ scopes, fmiPath: fmiPath as string })
      .catch((reason: unknown) => reason);
    expectSays(error as AuthError, "invalid_option", /^fmiPath is .*: pass a string/);
    expect(sentRequests()).toBe(0);
  },
);

const user = { scopes, assertion: "the instance token" };
const account = { homeAccountId: "u.t", environment: "login.microsoftonline.com", tenantId: "t" };
const desktop = (): PublicClientApplication => new PublicClientApplication({ auth: { clientId } });

describe("what chooses outside of a token request", () => {
  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      "the user of an agent, with a name beside it",
      () =>
        application().acquireTokenByUserFederatedIdentityCredential({
          ...user,
          username: "ada",
          userObjectId: "",
        }),
      "invalid_option",
      /^userObjectId is an empty text/,
    ],
    [
      "the name of an agent's user, with an id beside it",
      () =>
        application().acquireTokenByUserFederatedIdentityCredential({
          ...user,
          username: "",
          userObjectId: "oid",
        }),
      "invalid_option",
      /^username is an empty text/,
    ],
    [
      "the assertion of the one call",
      () => application().acquireToken({ scopes, oboAssertion: "" }),
      "token_request_empty",
      /^oboAssertion is missing/,
    ],
    [
      "the hint of the one call",
      () => desktop().acquireToken({ scopes, loginHint: "" }),
      "invalid_option",
      /^loginHint is an empty text/,
    ],
    [
      "the session to end",
      () => application().endOnBehalfOfSession(""),
      "invalid_option",
      /^sessionKey is missing/,
    ],
    [
      "the tenant of an Azure SDK",
      () => tokenCredential(application()).getToken(scopes, { tenantId: "" }),
      "invalid_option",
      /^tenantId is an empty text/,
    ],
    [
      "the tenant of an Azure SDK, for a user",
      () => tokenCredential(desktop(), account as AccountInfo).getToken(scopes, { tenantId: "" }),
      "invalid_option",
      /^tenantId is an empty text/,
    ],
    ...(["homeAccountId", "localAccountId", "authority"] as const).map(
      (field): [string, () => Promise<unknown>, string, RegExp] => [
        `${field} of a filter`,
        () => desktop().getAccounts({ [field]: "" }),
        "invalid_option",
        new RegExp(`^${field} is an empty text`),
      ],
    ),
  ])("is refused when it is empty: %s", async (_, call, code, says) => {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthError);
    expectSays(error as AuthError, code, says);
    expect(sentRequests()).toBe(0);
  });
});

it.each(["username", "tenantId"] as const)(
  "an empty %s in a filter lists those who have none",
  async (field) => {
    const app = tessera(new Network(() => tokens()));
    await app.acquireTokenByCode({ code: "code", scopes: ["User.Read"], redirectUri: "http://localhost" });
    expect(await app.getAccounts({ [field]: "" })).toEqual([]);
    expect(await app.getAllAccounts()).toHaveLength(1);
  },
);

it("the peer gives the app's own token where an empty path was to name an agent", async () => {
  const network = new Network(() => ({ token_type: "Bearer", expires_in: 3600, access_token: "at" }));
  const app = msal(network);
  const ask = (over: object): Promise<AuthenticationResult> =>
    app.acquireTokenByClientCredential({ scopes, ...over });
  await ask({});
  expect(await ask({ fmiPath: "" })).toMatchObject({ fromCache: true });
});
