// What an API learns when it gets no token in the name of its caller, and what it can pass back.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication, OnBehalfOfRequest } from "@tessera/node";
import { decodeJwt } from "jose";
import { graph, startApis, type Apis } from "../support/api-stage.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { signIn } from "../support/sign-in.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const redirectUri = "http://localhost:3000/redirect";

let apis: Apis;
let entra: Apis["entra"];
let alice: string;

beforeAll(async () => {
  apis = await startApis();
  ({ entra } = apis);
});
afterAll(() => entra.close());
beforeEach(async () => {
  alice = await apis.userToken();
  entra.authority.clearRequests();
});

const ask = (app: ConfidentialClientApplication, over: Partial<OnBehalfOfRequest> = {}) =>
  app.acquireTokenOnBehalfOf({ scopes: graph, oboAssertion: alice, ...over });

describe("the server's refusals", () => {
  it("is an interaction for the user: consent is missing", async () => {
    const app = apis.api({}, "asking");
    const oboAssertion = await apis.userToken("bob@contoso.example", "asking");
    await expect(ask(app, { oboAssertion })).rejects.toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "invalid_grant",
      subError: "consent_required",
      errorNo: 65001,
    });
    await expectNothingKept(app);
    await signInWithCode(entra, app, ["User.Read"], "bob@contoso.example");
    expect(await ask(app, { oboAssertion })).toMatchObject({ fromCache: false });
  });

  it("conditional access: the claims go back to the caller, whose next token satisfies them", async () => {
    const app = apis.api();
    const scopes = ["api://payments/Pay"];
    const refused: unknown = await ask(app, { scopes }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      name: "InteractionRequiredAuthError",
      errorCode: "interaction_required",
      subError: "basic_action",
      claims: expect.stringContaining("polids"),
    });
    await expectNothingKept(app);
    // The API answers 401 with the claims; its caller signs the user in with them.
    const { claims } = refused as { readonly claims: string };
    const desktop = entra.publicClient();
    const flow = await desktop.initiateAuthCodeFlow({ scopes: ["api://orders/access"], redirectUri, claims });
    const user = { username: "alice@contoso.example", password: "alice-password" };
    const answer = await signIn(flow.authUrl, { ...user, ca: entra.authority.caPem });
    const caller = await desktop.acquireTokenByAuthCodeFlow(flow, Object.fromEntries(answer.searchParams));
    const { accessToken } = await ask(app, { scopes, oboAssertion: caller.accessToken });
    expect(decodeJwt(accessToken)).toMatchObject({ azp: "orders", idtyp: "user" });
  });

  it("an expired assertion is an invalid_grant", async () => {
    const app = apis.api();
    entra.clock.advance(3700);
    await expect(ask(app)).rejects.toMatchObject({
      name: "ServerError",
      errorCode: "invalid_grant",
      errorNo: 500133,
      status: 400,
    });
    await expectNothingKept(app);
  });

  it.each<[string, () => Promise<string>, number]>([
    [
      "a token for another API",
      async () => (await signInWithCode(entra, entra.publicClient(), graph)).accessToken,
      500131,
    ],
    [
      "an app's token",
      async () => {
        const daemon = entra.confidential();
        return (await daemon.acquireTokenByClientCredential({ scopes: ["api://orders/.default"] }))
          .accessToken;
      },
      7000114,
    ],
    ["no token at all", async () => "not-a-token", 50027],
  ])("%s is refused as the server says", async (_, assertion, errorNo) => {
    const app = apis.api();
    const oboAssertion = await assertion();
    await expect(ask(app, { oboAssertion })).rejects.toMatchObject({ name: "ServerError", errorNo });
    await expectNothingKept(app);
  });

  it.each<[object, object]>([
    [
      { oboAssertion: "" },
      { errorCode: "token_request_empty", message: expect.stringContaining("oboAssertion") },
    ],
    [{ scopes: [] }, { errorCode: "empty_input_scopes_error" }],
    [{ claims: "not json" }, { errorCode: "invalid_claims" }],
  ])("a request like %j is refused before anything is sent", async (over, error) => {
    await expect(ask(apis.api(), over)).rejects.toMatchObject({ name: "ClientConfigurationError", ...error });
    expect(apis.grants()).toEqual([]);
  });
});
