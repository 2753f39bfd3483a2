// A sign-in in two calls, with a session between them: what begins it, and what the session keeps (OpenID Connect Core §3.1.2.1).
// proves: core/src/flows/started-flow.ts, core/src/flows/expected-response.ts, core/src/flows/auth-code-flow.ts, core/src/request/pkce.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuthCodeFlow, AuthCodeFlowRequest, ConfidentialClientApplication } from "@tessera/node";
import { startFakeProvider, type FakeProvider, type IdTokenOptions } from "../support/fake-provider.js";

const redirectUri = "https://app.example/signed-in";
const code = "the-code";

let provider: FakeProvider;
let app: ConfidentialClientApplication;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  app = provider.confidential();
});

const begin = (over: Partial<AuthCodeFlowRequest> = {}) =>
  app.initiateAuthCodeFlow({ scopes: ["api:read"], redirectUri, ...over });
/** Lets the token endpoint answer with an ID token for this flow. */
const answerWith = (flow: AuthCodeFlow, { claims, ...rest }: IdTokenOptions = {}) => {
  const idToken = { ...rest, claims: { nonce: flow.nonce, ...claims } };
  provider.answers.token = () => ({ body: provider.tokens({}, idToken) });
};
const finish = (flow: AuthCodeFlow, over: Readonly<Record<string, unknown>> = {}) =>
  app.acquireTokenByAuthCodeFlow(flow, { code, state: flow.state, ...over });
const parameters = ({ authUrl }: AuthCodeFlow) => Object.fromEntries(new URL(authUrl).searchParams);

describe("a flow", () => {
  it("is plain JSON: what comes back from a session is as good", async () => {
    const flow = await begin({
      maxAge: 60,
      resource: "https://api.example",
      claims: '{"id_token":{"acr":null}}',
    });
    const kept = JSON.parse(JSON.stringify(flow)) as AuthCodeFlow;
    expect(kept).toEqual(flow);
    answerWith(flow, { claims: { auth_time: Math.floor(provider.clock.now() / 1000) } });
    expect(await finish(kept)).toMatchObject({ fromCache: false, accessToken: "an-access-token" });
    const sent = provider.requests.find(({ path }) => path === "/token")?.form;
    expect(sent).toMatchObject({
      code,
      code_verifier: flow.codeVerifier,
      redirect_uri: redirectUri,
      resource: "https://api.example",
      claims: '{"id_token":{"acr":null}}',
      scope: "api:read openid profile",
    });
  });

  it("is made of fresh random values, which the URL carries", async () => {
    const [one, two] = [await begin(), await begin()];
    for (const name of ["state", "nonce", "codeVerifier"] as const) {
      expect(one[name]).not.toBe(two[name]);
      expect(one[name].length).toBeGreaterThanOrEqual(36);
    }
    expect(parameters(one)).toMatchObject({
      state: one.state,
      nonce: one.nonce,
      response_type: "code",
      response_mode: "query",
      code_challenge_method: "S256",
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(one.authUrl).not.toContain(one.codeVerifier);
  });

  it("puts the caller's wishes on the URL", async () => {
    app = provider.confidential({ auth: { clientCapabilities: ["CP1"] } });
    const flow = await begin({
      prompt: "login",
      loginHint: "ada@example.org",
      domainHint: "example.org",
      responseMode: "form_post",
      maxAge: 0,
      resource: "https://api.example",
      claims: '{"id_token":{"acr":{"essential":true}}}',
      extraQueryParameters: { ui_locales: "de", state: "mine", client_id: "mine" },
    });
    const { claims, ...rest } = parameters(flow);
    expect(rest).toMatchObject({
      prompt: "login",
      login_hint: "ada@example.org",
      domain_hint: "example.org",
      response_mode: "form_post",
      max_age: "0",
      resource: "https://api.example",
      ui_locales: "de",
      // The caller's extras never replace the protocol's own.
      state: flow.state,
      client_id: "the-client",
    });
    expect(JSON.parse(claims ?? "")).toEqual({
      id_token: { acr: { essential: true } },
      access_token: { xms_cc: { values: ["CP1"] } },
    });
  });

  it.each<[Partial<AuthCodeFlowRequest>, string]>([
    [{ redirectUri: "" }, "redirect_uri_empty"],
    [{ redirectUri: "/signed-in" }, "url_parse_error"],
    [{ maxAge: -1 }, "invalid_option"],
    [{ maxAge: 1.5 }, "invalid_option"],
    [{ responseType: "token" as "code" }, "invalid_option"],
    [{ responseMode: "web_message" }, "invalid_response_mode"],
    [{ responseType: "code id_token", responseMode: "query" }, "invalid_response_mode"],
    [{ responseType: "code id_token", responseMode: "query.jwt" }, "invalid_response_mode"],
    [{ claims: "[]" }, "invalid_claims"],
  ])("with %j is refused as %s", async (over, errorCode) => {
    await expect(begin(over)).rejects.toMatchObject({ name: "ClientConfigurationError", errorCode });
  });
});
