// Authorization requests that are pushed to the provider (RFC 9126), at the certified provider and at a misbehaving one.
// proves: core/src/flows/authorization-request.ts, node/src/check-authorization-requests.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ClientMetadata, NodeAuthOptions } from "@tessera/node";
import { sha256Base64Url } from "@tessera/core/internal";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { applicationAt, scopes, visit, type ClientName } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { resources, startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";

const asked = { require_pushed_authorization_requests: true } satisfies ClientMetadata;
const basic = { token_endpoint_auth_method: "client_secret_basic" };

const clients: readonly {
  readonly title: string;
  readonly name: ClientName;
  readonly metadata: ClientMetadata;
}[] = [
  { title: "a public client", name: "publicClient", metadata: {} },
  { title: "a client with a posted secret", name: "post", metadata: {} },
  { title: "a client with HTTP Basic", name: "basic", metadata: basic },
];

/** The certified provider: one that requires pushed requests, and one that only accepts them. */
const providers: Record<"requires" | "accepts", OpenIdProvider | undefined> = {
  requires: undefined,
  accepts: undefined,
};
const at = (kind: keyof typeof providers): OpenIdProvider => {
  const provider = providers[kind];
  if (!provider) throw new Error("not started");
  return provider;
};

beforeAll(async () => {
  providers.requires = await startSecuredProvider({ requiresPushed: true });
  providers.accepts = await startSecuredProvider();
});
afterAll(() => Promise.all([at("requires").close(), at("accepts").close()]));
afterEach(() => {
  at("requires").clearRequests();
  at("accepts").clearRequests();
});

const pkce = { codeChallenge: sha256Base64Url("a verifier"), codeChallengeMethod: "S256" };
const pushed = (provider: OpenIdProvider) => provider.requests.filter(({ path }) => path === "/request");
const names = (url: string) => [...new URL(url).searchParams.keys()].sort();
const application = (provider: OpenIdProvider, name: ClientName, clientMetadata: ClientMetadata) =>
  applicationAt(provider, createTestClock(), name, { clientMetadata } satisfies Partial<NodeAuthOptions>);

describe.each(clients)("$title", ({ name, metadata }) => {
  it.each([
    { who: "the provider requires it", kind: "requires", over: {} },
    { who: "the app asks for it", kind: "accepts", over: asked },
  ] as const)(
    "pushes its request when $who, with its authentication, and signs a user in",
    async ({ kind, over }) => {
      const provider = at(kind);
      const app = application(provider, name, { ...metadata, ...over });
      const { request, response } = await visit(provider, app);
      const result = await app.acquireTokenByCode(request, response);
      expect(result.account).toMatchObject({ username: "olga@example.org" });
      const [push, ...more] = pushed(provider);
      expect(more).toEqual([]);
      expect(push?.form).toMatchObject({ response_type: "code", redirect_uri: provider.redirectUri });
      const [token] = provider.tokenRequests();
      expect(push?.form["client_id"]).toBe(provider.clients[name].clientId);
      expect(push?.form["client_secret"]).toBe(token?.form["client_secret"]);
      expect(push?.headers.authorization).toBe(token?.headers.authorization);
      const [authorization] = provider.requests.filter(({ path }) => path === "/auth");
      expect(Object.keys(authorization?.query ?? {}).sort()).toEqual(["client_id", "request_uri"]);
    },
  );

  it("does not push its request when neither does", async () => {
    const provider = at("accepts");
    const app = application(provider, name, metadata);
    const url = await app.getAuthCodeUrl({ scopes, redirectUri: provider.redirectUri });
    expect(pushed(provider)).toEqual([]);
    expect(names(url)).toContain("scope");
  });

  it("starts and completes a sign-in of initiateAuthCodeFlow, whose flow says when its URL expires", async () => {
    const provider = at("requires");
    const app = application(provider, name, metadata);
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: provider.redirectUri, maxAge: 60 });
    expect(names(flow.authUrl)).toEqual(["client_id", "request_uri"]);
    expect((flow.authUrlExpiresAt ?? 0) - flow.startedAt).toBe(60);
    const callback = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
    const result = await app.acquireTokenByAuthCodeFlow(flow, callback);
    expect(result.account).toMatchObject({ username: "olga@example.org" });
    expect(pushed(provider)[0]?.form).toMatchObject({ max_age: "60", nonce: flow.nonce, state: flow.state });
  });
});

it("pushes each request anew: a request_uri is good for one sign-in", async () => {
  const provider = at("requires");
  const app = application(provider, "publicClient", {});
  const request = { scopes, redirectUri: provider.redirectUri, ...pkce };
  const [first, second] = [await app.getAuthCodeUrl(request), await app.getAuthCodeUrl(request)];
  expect(first).not.toBe(second);
  expect(pushed(provider)).toHaveLength(2);
});

it("pushes the resources of a request", async () => {
  const provider = at("requires");
  const app = application(provider, "publicClient", {});
  await app.getAuthCodeUrl({ scopes, redirectUri: provider.redirectUri, resource: resources, ...pkce });
  expect(pushed(provider)[0]?.form["resource"]).toEqual(resources);
});

describe("an interactive sign-in", () => {
  it("opens a URL with nothing but the client and the reference", async () => {
    const provider = at("requires");
    const app = application(provider, "publicClient", {});
    let opened = "";
    const openBrowser = async (url: string): Promise<void> => {
      opened = url;
      throw new Error("enough seen");
    };
    if (!("acquireTokenInteractive" in app)) throw new Error("not a public client");
    const interactive = app.acquireTokenInteractive as (request: object) => Promise<unknown>;
    await expect(interactive.call(app, { scopes, openBrowser })).rejects.toThrow("enough seen");
    expect(names(opened)).toEqual(["client_id", "request_uri"]);
  });
});

it("reports what the certified provider says against a request", async () => {
  const provider = at("requires");
  const app = application(provider, "publicClient", {});
  const request = { scopes, redirectUri: "http://localhost.example/elsewhere", ...pkce };
  await expect(app.getAuthCodeUrl(request)).rejects.toMatchObject({
    name: "ServerError",
    errorCode: "invalid_request",
    message: expect.stringContaining("redirect_uri"),
    status: 400,
  });
});

describe("a provider whose endpoint misbehaves", () => {
  let fake: FakeProvider;
  const redirectUri = "http://localhost/signed-in";
  const good = { request_uri: "urn:ietf:params:oauth:request_uri:one", expires_in: 60 };
  beforeAll(async () => {
    fake = await startFakeProvider();
  });
  afterAll(() => fake.close());
  beforeEach(() => {
    fake.reset();
    fake.answers.discovery = () => ({
      body: fake.metadata({
        pushed_authorization_request_endpoint: `${fake.url}/par`,
        require_pushed_authorization_requests: true,
      }),
    });
  });
  const ask = () => fake.confidential().getAuthCodeUrl({ scopes, redirectUri });

  it("is answered as it should be when it behaves", async () => {
    fake.answers.par = () => ({ status: 201, body: good });
    expect(Object.fromEntries(new URL(await ask()).searchParams)).toEqual({
      client_id: "the-client",
      request_uri: good.request_uri,
    });
  });

  it.each([
    { title: "has no request_uri", body: { ...good, request_uri: undefined } },
    { title: "has a request_uri that is not text", body: { ...good, request_uri: ["a"] } },
    { title: "has an empty request_uri", body: { ...good, request_uri: "" } },
    { title: "has no expires_in", body: { ...good, expires_in: undefined } },
    { title: "has expired already", body: { ...good, expires_in: 0 } },
    { title: "expires before it was made", body: { ...good, expires_in: -60 } },
    { title: "is a page", body: "<html>" },
    { title: "redirects", status: 302, body: good },
    { title: "fails with a good body", status: 500, body: good },
  ])("an answer that $title is refused", async ({ body, status = 201 }) => {
    fake.answers.par = () => ({ status, body });
    await expect(ask()).rejects.toMatchObject({ errorCode: "invalid_pushed_authorization_response" });
  });

  it.each([
    { error: "invalid_request", status: 400 },
    { error: "invalid_client", status: 401 },
    { error: "temporarily_unavailable", status: 503 },
  ])("the error $error is the server's own, and its secrets are hidden", async ({ error, status }) => {
    const echo = ({ form }: { readonly form: Readonly<Record<string, string>> }) =>
      `not with ${form["client_secret"] ?? ""}`;
    fake.answers.par = (request) => ({ status, body: { error, error_description: echo(request) } });
    const failure = expect.objectContaining({ name: "ServerError", errorCode: error, status });
    await expect(ask()).rejects.toEqual(failure);
    await expect(ask()).rejects.not.toThrow("the-secret-of-the-client");
  });

  it("that is not there is named", async () => {
    const metadata = fake.metadata({ require_pushed_authorization_requests: true });
    fake.answers.discovery = () => ({ body: metadata });
    await expect(ask()).rejects.toMatchObject({
      errorCode: "openid_config_error",
      message: expect.stringContaining("pushed_authorization_request_endpoint"),
    });
  });

  it("tells when the server wants a pause", async () => {
    const headers = { "retry-after": "30" };
    fake.answers.par = () => ({ status: 429, headers, body: { error: "slow_down" } });
    await expect(ask()).rejects.toMatchObject({ retryAfterSeconds: 30 });
  });
});
