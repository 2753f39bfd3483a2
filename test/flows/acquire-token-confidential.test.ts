// The one call of a confidential client; and whatever is asked for, the request stays the caller's own.
// proves: node/src/application.ts, node/src/confidential-client-application.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { decodeJwt } from "jose";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/.default"];
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());

const forms = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);

describe("acquireToken, the one call,", () => {
  it("gets what the request names: the app's, a user's, or a token on behalf of a user", async () => {
    const app = entra.confidential();
    const account = accountOf(await signInWithCode(entra, app, ["User.Read"]));
    const { clientId } = entra.configuration("confidential").auth;
    const caller = await signInWithCode(entra, entra.publicClient(), [`api://${clientId}/access`]);
    entra.authority.clearRequests();
    const facts = ({ accessToken }: { readonly accessToken: string }) => {
      const { idtyp, oid } = decodeJwt(accessToken);
      return { idtyp, isAlice: oid === account.localAccountId };
    };
    expect(facts(await app.acquireToken({ scopes }))).toEqual({ idtyp: "app", isAlice: false });
    const user = await app.acquireToken({ scopes: ["User.Read"], account });
    expect({ ...facts(user), fromCache: user.fromCache }).toEqual({
      idtyp: "user",
      isAlice: true,
      fromCache: true,
    });
    const downstream = {
      scopes: ["https://graph.microsoft.com/Mail.Read"],
      oboAssertion: caller.accessToken,
    };
    expect(facts(await app.acquireToken(downstream))).toEqual({ idtyp: "user", isAlice: true });
    expect(forms().map((form) => form["requested_token_use"] ?? form["grant_type"])).toEqual([
      "client_credentials",
      "on_behalf_of",
    ]);
    // Each comes from the cache the second time.
    for (const request of [{ scopes }, { scopes: ["User.Read"], account }, downstream]) {
      expect(await app.acquireToken(request)).toMatchObject({ fromCache: true });
    }
    await expect(app.acquireToken({ ...downstream, account })).rejects.toMatchObject({
      errorCode: "invalid_option",
    });
    await app.removeAccount(account);
    const gone = app.acquireToken({ scopes: ["User.Read"], account });
    await expect(gone).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  });

  it.each([undefined, null, "text"])("is refused without a request: %p", async (request) => {
    const call = entra.confidential().acquireToken(request as never);
    await expect(call).rejects.toMatchObject({ errorCode: "token_request_empty" });
  });
});

describe("a request object", () => {
  it("is never changed: a frozen one will do", async () => {
    const app = entra.confidential({ auth: { clientCapabilities: Object.freeze(["CP1"]) as string[] } });
    const common = Object.freeze({
      claims,
      extraQueryParameters: Object.freeze({ slice: "test" }),
      extraParameters: Object.freeze({ more: "1" }),
      storeInCache: Object.freeze({ accessToken: true }),
    });
    const { clientId } = entra.configuration("confidential").auth;
    const signedIn = await signInWithCode(entra, app, Object.freeze(["User.Read"]) as string[]);
    const caller = await signInWithCode(entra, entra.publicClient(), [`api://${clientId}/access`]);
    const account = Object.freeze(accountOf(signedIn));
    const user = Object.freeze(["User.Read"]) as string[];
    const calls = [
      app.acquireTokenByClientCredential(
        Object.freeze({
          ...common,
          scopes: Object.freeze([...scopes]) as string[],
          tenantId: entra.tenantId,
        }),
      ),
      app.acquireTokenOnBehalfOf(
        Object.freeze({ ...common, scopes: user, oboAssertion: caller.accessToken }),
      ),
      app.acquireTokenSilent(Object.freeze({ ...common, scopes: user, account })),
      app.acquireToken(Object.freeze({ ...common, scopes: user, account })),
    ];
    for (const result of await Promise.all(calls)) expect(result.accessToken).not.toBe("");
  });
});
