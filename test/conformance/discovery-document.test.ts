// The module discovery-issuer-mismatch, and OpenID Connect Discovery §3, §4.3 and RFC 8414 §2, §3.3 beyond it.
// proves: core/src/authority/provider-metadata.ts, core/src/authority/document-issuer.ts
// proves: core/src/authority/discovery-document.ts, core/src/authority/authority-urls.ts, core/src/authority/resolved-authority.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  redeem,
  scopes,
  secrets,
  startFakeProvider,
  type Answer,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

let provider: FakeProvider;
let realm: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
  realm = await startFakeProvider("/realms/Main");
});
afterAll(() => Promise.all([provider.close(), realm.close()]));
beforeEach(() => {
  provider.reset();
  realm.reset();
});

describe("a discovery document is refused before any secret is sent", () => {
  it.each<[string, (url: string) => Record<string, unknown>, RegExp]>([
    [
      "names another host as issuer",
      () => ({ issuer: "https://evil.example" }),
      /issuer, "https:\/\/evil\.example"/,
    ],
    ["names another path as issuer", (url) => ({ issuer: `${url}/tenant` }), /names another issuer/],
    [
      "names its issuer with another scheme",
      (url) => ({ issuer: url.replace("http:", "https:") }),
      /another issuer/,
    ],
    ["names no issuer", () => ({ issuer: undefined }), /issuer is missing/],
    ["names a number as issuer", () => ({ issuer: 7 }), /issuer is missing/],
  ])("when it %s", async (_, over, says) => {
    provider.answers.discovery = () => ({ body: provider.metadata(over(provider.url)) });
    const app = provider.confidential();
    const error: unknown = await redeem(app).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      errorCode: "endpoints_resolution_error",
      message: expect.stringMatching(says),
    });
    expect(error).toMatchObject({ cause: { errorCode: expect.any(String) } });
    expect(provider.requests.map(({ path }) => path)).toEqual(["/.well-known/openid-configuration"]);
    expectNoSecretIn(error, secrets);
    await expectNothingKept(app);
  });

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      "lacks the token endpoint",
      { token_endpoint: undefined },
      "openid_config_error",
      /token_endpoint is missing/,
    ],
    ["lacks the key set", { jwks_uri: undefined }, "openid_config_error", /jwks_uri is missing/],
    [
      "names a list as token endpoint",
      { token_endpoint: ["x"] },
      "openid_config_error",
      /token_endpoint is not a string/,
    ],
    [
      "names a path as token endpoint",
      { token_endpoint: "/token" },
      "url_parse_error",
      /token_endpoint "\/token" is not a URL/,
    ],
    [
      "names a token endpoint in clear outside this machine",
      { token_endpoint: "http://idp.example/token" },
      "authority_uri_insecure",
      /token_endpoint "http:\/\/idp\.example\/token" is not https/,
    ],
    [
      "names its key set in clear outside this machine",
      { jwks_uri: "http://idp.example/k" },
      "authority_uri_insecure",
      /jwks_uri/,
    ],
    [
      "names a file as token endpoint",
      { token_endpoint: "file:///etc/passwd" },
      "authority_uri_insecure",
      /token_endpoint .* not https/,
    ],
  ])("when it %s, and that is used", async (_, over, errorCode, says) => {
    provider.answers.discovery = () => ({ body: provider.metadata(over) });
    const app = provider.confidential();
    const error: unknown = await redeem(app).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode, message: expect.stringMatching(says) });
    expect(provider.count("token")).toBe(0);
    expectNoSecretIn(error, secrets);
    await expectNothingKept(app);
  });

  it.each<[string, (url: string) => string]>([
    ["in other letters", (url) => url.replace("/realms/Main", "/realms/main")],
    ["with two slashes at the end", (url) => `${url}//`],
    ["of another realm", (url) => url.replace("Main", "Other")],
  ])("when it names the path %s", async (_, issuer) => {
    realm.answers.discovery = () => ({ body: realm.metadata({ issuer: issuer(realm.url) }) });
    await expect(redeem(realm.confidential())).rejects.toMatchObject({
      errorCode: "endpoints_resolution_error",
      cause: { errorCode: "issuer_validation_failed" },
    });
    expect(realm.count("token")).toBe(0);
  });

  it.each<[string, unknown, number?]>([
    ["HTML", "<html>welcome</html>"],
    ["an empty text", ""],
    ["a list", []],
    ["an HTTP error", { error: "down" }, 503],
    ["a redirect to another host", {}, 302],
  ])("when the answer is %s", async (_, body, status = 200) => {
    provider.answers.discovery = () => ({ body, status, headers: { location: `${realm.url}/elsewhere` } });
    await expect(redeem(provider.confidential())).rejects.toMatchObject({
      errorCode: "endpoints_resolution_error",
      cause: { errorCode: "openid_config_error" },
    });
    expect(provider.count("token") + realm.requests.length).toBe(0);
  });
});

describe("a discovery document is accepted", () => {
  it.each(["authorization_endpoint", "userinfo_endpoint", "end_session_endpoint", "check_session_iframe"])(
    "whatever it says about %s, which is not used",
    async (name) => {
      for (const value of [undefined, null, "", ["x"], {}, 7, "/path", "http://idp.example/", "file:///x"]) {
        provider.answers.discovery = () => ({ body: provider.metadata({ [name]: value }) });
        expect(await redeem(provider.confidential())).toMatchObject({ fromCache: false });
      }
    },
  );

  it.each<[string, RegExp]>([
    ["authorization_endpoint", /authorization_endpoint is missing in the metadata of http.*localhost/],
    ["device_authorization_endpoint", /device_authorization_endpoint is missing/],
  ])("without %s, and a flow that needs it says so", async (name, says) => {
    provider.answers.discovery = () => ({ body: provider.metadata({ [name]: undefined }) });
    const app = provider.publicClient();
    const flow =
      name === "authorization_endpoint"
        ? app.getAuthCodeUrl({ scopes, redirectUri: "http://localhost/signed-in" })
        : app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => undefined });
    await expect(flow).rejects.toMatchObject({
      errorCode: "openid_config_error",
      message: expect.stringMatching(says),
    });
  });

  it("when its issuer ends with a slash that the authority was given without, as Auth0's does", async () => {
    const issuer = `${provider.url}/`;
    provider.answers.discovery = () => ({ body: provider.metadata({ issuer }) });
    provider.answers.token = () => ({ body: provider.tokens({}, { claims: { iss: issuer } }) });
    expect(await redeem(provider.confidential())).toMatchObject({ idTokenClaims: { iss: issuer } });
    provider.answers.token = () => ({ body: provider.tokens() });
    await expect(redeem(provider.confidential())).rejects.toMatchObject({ errorCode: "invalid_id_token" });
  });

  it("with the letters of its path as they are, and finds the tokens again", async () => {
    const app = realm.confidential();
    const { account } = await redeem(app);
    expect(realm.requests[0]?.path).toBe("/realms/Main/.well-known/openid-configuration");
    const again = account && (await app.acquireTokenSilent({ scopes: ["api:read"], account }));
    expect(again).toMatchObject({ fromCache: true, account: { homeAccountId: "user-1" } });
    expect(realm.count("token")).toBe(1);
  });
});

describe("a discovery document that cannot be fetched again", () => {
  const DAY = 86_400;
  it.each<[string, Answer]>([
    ["the connection breaks", { reset: true }],
    ["it answers 503", { status: 503, body: "down for maintenance" }],
    ["it answers with a page", { body: "<html>sorry</html>" }],
    ["it is gone", { status: 404 }],
  ])("is used for a week when %s, and asked for once a minute", async (_, answer) => {
    const app = provider.confidential();
    await redeem(app);
    provider.answers.discovery = () => answer;
    provider.clock.advance(DAY);
    await redeem(app);
    const asked = provider.count("discovery");
    provider.clock.advance(59);
    await redeem(app);
    expect(provider.count("discovery")).toBe(asked);
    provider.clock.advance(6 * DAY - 60);
    await redeem(app);
    expect(provider.count("discovery")).toBeGreaterThan(asked);
    provider.clock.advance(60);
    const tokens = provider.count("token");
    await expect(redeem(app)).rejects.toMatchObject({ errorCode: "endpoints_resolution_error" });
    expect(provider.count("token")).toBe(tokens);
  });

  it("is not used when the provider publishes another one that is wrong", async () => {
    const app = provider.confidential();
    await redeem(app);
    provider.answers.discovery = () => ({ body: provider.metadata({ issuer: "https://evil.example" }) });
    provider.clock.advance(DAY);
    await expect(redeem(app)).rejects.toMatchObject({ cause: { errorCode: "issuer_validation_failed" } });
  });
});

describe("how a client proves itself follows the discovery document, unless its registration says", () => {
  const [basic, post] = ["client_secret_basic", "client_secret_post"];
  it.each<[string, unknown, string | undefined, string]>([
    ["both are listed", [post, basic], undefined, basic],
    ["only posting is listed", [post, "none"], undefined, post],
    ["only Basic is listed", [basic, "private_key_jwt"], undefined, basic],
    ["nothing is listed, which means Basic (RFC 8414 §2)", undefined, undefined, basic],
    ["the list makes no sense", "client_secret_post", undefined, basic],
    ["Basic is registered", [post], basic, basic],
    ["posting is registered", [basic], post, post],
  ])("%s", async (_, listed, registered, method) => {
    const over = { token_endpoint_auth_methods_supported: listed };
    provider.answers.discovery = () => ({ body: provider.metadata(over) });
    await redeem(
      provider.confidential({ auth: { clientMetadata: { token_endpoint_auth_method: registered } } }),
    );
    const sent = provider.requests.find(({ path }) => path === "/token");
    expect(sent?.form["client_secret"] === undefined ? basic : post).toBe(method);
    expect(sent?.headers["authorization"] === undefined ? post : basic).toBe(method);
  });
});
