// proves: core/src/flows/authorization-code.ts, core/src/response/client-info.ts,
// node/src/client-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AccountInfo, AuthenticationResult, ClientApplication } from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];

describe.each(["confidential", "public"] as const)("a user signs in with a %s client", (kind) => {
  let entra: Entra;
  let app: ClientApplication;
  let result: AuthenticationResult;
  let account: AccountInfo;

  beforeAll(async () => {
    entra = await startEntra();
    app = kind === "public" ? entra.publicClient() : entra.confidential();
    result = await signInWithCode(entra, app, scopes);
    account = accountOf(result);
  });
  afterAll(() => entra.close());
  beforeEach(() => entra.authority.clearRequests());

  it("gets tokens for the code, and knows the user", () => {
    expect(result).toMatchObject({ fromCache: false, tokenType: "Bearer" });
    expect(result.account).toMatchObject({ username: "alice@contoso.example", tenantId: entra.tenantId });
  });

  it("finds the token in the cache the second time, without a request", async () => {
    const again = await app.acquireTokenSilent({ scopes, account });
    expect(again).toMatchObject({
      fromCache: true,
      accessToken: result.accessToken,
      idToken: result.idToken,
    });
    expect(entra.authority.requests).toHaveLength(0);
  });

  it("renews an expired token with one request for a hundred calls, and then has it in the cache", async () => {
    entra.clock.advance(3600);
    const renewed = await Promise.all(
      Array.from({ length: 100 }, () => app.acquireTokenSilent({ scopes, account })),
    );
    expect(new Set(renewed.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(renewed[0]?.accessToken).not.toBe(result.accessToken);
    expect(entra.tokenRequests()).toBe(1);
    expect((await app.acquireTokenSilent({ scopes, account })).fromCache).toBe(true);
  });

  it("forgets the user on sign-out", async () => {
    await app.signOut({ account });
    expect(await app.getAllAccounts()).toEqual([]);
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "no_tokens_found",
    });
  });
});
