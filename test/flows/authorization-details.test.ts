// Rich authorization requests (RFC 9396), at the certified provider and at a misbehaving one.
// proves: core/src/request/authorization-details.ts, core/src/exchange/asked-details.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuthorizationDetail, AuthenticationResult, ClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { startFakeProvider, redeem, type FakeProvider } from "../support/fake-provider.js";
import { applicationAt, daemonAt, scopes, type ClientName } from "../support/oidc-applications.js";
import { ACCESS_TOKEN_LIFETIME, type OpenIdProvider } from "../support/oidc-provider.js";
import { resources, startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const payment = { type: "payment", amount: { currency: "EUR", value: "45" }, creditor: "Merchant A" };
const account = { type: "account_information", accounts: ["one"] };
/** The provider grants details for one of its APIs. */
const [resource = ""] = resources;
const details: AuthorizationDetail[] = [payment, account];
/** The same, spelled otherwise. */
const reordered = [
  { accounts: ["one"], type: "account_information" },
  { creditor: "Merchant A", amount: { value: "45", currency: "EUR" }, type: "payment" },
];

let provider: OpenIdProvider;
let pushing: OpenIdProvider;
let fake: FakeProvider;
let clock: TestClock;
beforeAll(async () => {
  provider = await startSecuredProvider();
  pushing = await startSecuredProvider({ requiresPushed: true });
  fake = await startFakeProvider();
});
afterAll(() => Promise.all([provider.close(), pushing.close(), fake.close()]));
beforeEach(() => {
  clock = createTestClock();
});
afterEach(() => {
  provider.clearRequests();
  pushing.clearRequests();
  fake.reset();
});

const sent = (from: OpenIdProvider, path: string) =>
  from.requests
    .filter((request) => request.path === path)
    .map(({ query, form }) => query["authorization_details"] ?? form["authorization_details"]);

async function signInWith(
  at: OpenIdProvider,
  app: ClientApplication,
  authorizationDetails?: AuthorizationDetail[],
): Promise<AuthenticationResult> {
  const asked = { scopes, redirectUri: at.redirectUri, resource, prompt: "consent" };
  const flow = await app.initiateAuthCodeFlow({
    ...asked,
    ...(authorizationDetails ? { authorizationDetails } : {}),
  });
  const kept = JSON.parse(JSON.stringify(flow)) as typeof flow;
  return app.acquireTokenByAuthCodeFlow(
    kept,
    await signIn(flow.authUrl, { username: "olga@example.org", password: "any" }),
  );
}

describe.each<{ readonly title: string; readonly name: ClientName }>([
  { title: "a public client", name: "publicClient" },
  { title: "a confidential client", name: "post" },
])("$title", ({ name }) => {
  it("asks for details when a user signs in, and says what was granted, also from the cache and after a restart", async () => {
    const app = applicationAt(provider, clock, name);
    const result = await signInWith(provider, app, details);
    expect(result.authorizationDetails).toEqual(details);
    expect(sent(provider, "/auth").map((text) => JSON.parse(text ?? "") as unknown)[0]).toEqual(details);
    // The code has them: it may stand for fewer than were asked for.
    expect(sent(provider, "/token")).toEqual([undefined]);
    const request = { scopes, resource, account: accountOf(result), authorizationDetails: reordered };
    const again = await app.acquireTokenSilent(request);
    expect(again).toMatchObject({ fromCache: true, authorizationDetails: details });
    const restarted = applicationAt(provider, clock, name);
    restarted.getTokenCache().deserialize(app.getTokenCache().serialize());
    expect(await restarted.acquireTokenSilent(request)).toMatchObject({
      fromCache: true,
      accessToken: result.accessToken,
      authorizationDetails: details,
    });
  });

  it("never gets a token with other details, or with none, from the cache", async () => {
    const app = applicationAt(provider, clock, name);
    const first = await signInWith(provider, app, details);
    const user = { scopes, resource, account: accountOf(first) };
    const less = await app.acquireTokenSilent({ ...user, authorizationDetails: [payment] });
    expect(less).toMatchObject({ fromCache: false, authorizationDetails: [payment] });
    const none = await app.acquireTokenSilent(user);
    expect(none.fromCache).toBe(false);
    expect(new Set([first, less, none].map(({ accessToken }) => accessToken)).size).toBe(3);
    const again = await app.acquireTokenSilent({ ...user, authorizationDetails: details });
    expect(again).toMatchObject({ fromCache: true, accessToken: first.accessToken });
  });

  it("renews a token with its details", async () => {
    const app = applicationAt(provider, clock, name);
    const first = await signInWith(provider, app, details);
    clock.advance(ACCESS_TOKEN_LIFETIME);
    const request = { scopes, resource, account: accountOf(first), authorizationDetails: details };
    const renewed = await app.acquireTokenSilent(request);
    expect(renewed).toMatchObject({ fromCache: false, authorizationDetails: details });
    expect(sent(provider, "/token").at(-1)).toBe(JSON.stringify(details));
  });

  it("pushes its details where the provider requires pushed requests", async () => {
    const result = await signInWith(pushing, applicationAt(pushing, clock, name), details);
    expect(result.authorizationDetails).toEqual(details);
    expect(sent(pushing, "/request")).toEqual([JSON.stringify(details)]);
  });
});

it("an app asks for details of its own, and has each token once", async () => {
  const app = daemonAt(provider, clock);
  const ask = (authorizationDetails: AuthorizationDetail[]) =>
    app.acquireTokenByClientCredential({ scopes: ["reports:read"], resource, authorizationDetails });
  const [all, one] = [await ask(details), await ask([payment])];
  expect(all).toMatchObject({ fromCache: false, authorizationDetails: details });
  expect(one).toMatchObject({ fromCache: false, authorizationDetails: [payment] });
  expect(await ask(reordered)).toMatchObject({ fromCache: true, accessToken: all?.accessToken });
  expect(provider.tokenRequests()).toHaveLength(2);
});

describe("a request is refused before it is sent", () => {
  it.each([
    { title: "details that are no list", given: payment, says: "not an array of objects with a type" },
    { title: "details that are text", given: JSON.stringify(details), says: "not an array" },
    { title: "a detail without a type", given: [payment, {}], says: "with a type" },
    { title: "a detail with an empty type", given: [{ type: "" }], says: "with a type" },
    { title: "a detail that is null", given: [null], says: "with a type" },
    { title: "a type that the provider does not list", given: [{ type: "transfer" }], says: '"transfer"' },
  ])("with $title", async ({ given, says }) => {
    fake.answers.discovery = () => ({
      body: fake.metadata({
        authorization_details_types_supported: ["payment"],
        device_authorization_endpoint: `${fake.url}/device`,
      }),
    });
    const over = { scopes, authorizationDetails: given as never };
    const device = { ...over, deviceCodeCallback: () => undefined };
    const [web, desktop] = [fake.confidential(), fake.publicClient()];
    const redirectUri = "http://localhost/signed-in";
    const refusal = { errorCode: "invalid_option", message: expect.stringContaining(says) };
    await expect(web.acquireTokenByClientCredential(over)).rejects.toMatchObject(refusal);
    await expect(web.getAuthCodeUrl({ ...over, redirectUri })).rejects.toMatchObject(refusal);
    await expect(desktop.acquireTokenByDeviceCode(device)).rejects.toMatchObject(refusal);
    expect(fake.count("token")).toBe(0);
  });
});

describe("an answer", () => {
  const answering = (authorization_details: unknown) => {
    fake.answers.token = () => ({ body: fake.tokens({ authorization_details }) });
    return redeem(fake.confidential(), { authorizationDetails: [payment] });
  };

  it.each([
    {
      title: "with a type that was not asked for",
      given: [payment, { type: "transfer" }],
      says: '"transfer"',
    },
    { title: "whose details are no list", given: payment, says: "not an array" },
    { title: "whose details are text", given: "payment", says: "not an array" },
    { title: "with a detail without a type", given: [{}], says: "not an array of objects with a type" },
  ])("$title is refused, and nothing is cached", async ({ given, says }) => {
    const refusal = { errorCode: "invalid_token_response", message: expect.stringContaining(says) };
    await expect(answering(given)).rejects.toMatchObject(refusal);
  });

  it.each([
    { title: "grants less", given: [] },
    { title: "is enriched", given: [{ ...payment, accounts: ["two"] }] },
  ])("that $title is told to the app", async ({ given }) => {
    expect((await answering(given)).authorizationDetails).toEqual(given);
  });

  it("without details has none in its result", async () => {
    expect(await answering(undefined)).not.toHaveProperty("authorizationDetails");
  });

  it("that grants other details to a refresh token is refused, and the refresh token that came with it is kept", async () => {
    const app = fake.confidential();
    const signedIn = await redeem(app);
    const ask = () =>
      app.acquireTokenSilent({ scopes, account: accountOf(signedIn), authorizationDetails: [payment] });
    const over = { refresh_token: "the-next-one", authorization_details: [{ type: "transfer" }] };
    fake.answers.token = () => ({ body: fake.tokens(over) });
    await expect(ask()).rejects.toMatchObject({ errorCode: "invalid_token_response" });
    fake.answers.token = () => ({ body: fake.tokens({ authorization_details: [payment] }) });
    await expect(ask()).resolves.toMatchObject({ authorizationDetails: [payment] });
    expect(fake.requests.at(-1)?.form).toMatchObject({ refresh_token: "the-next-one" });
  });

  it("may grant details to a request that named none", async () => {
    fake.answers.token = () => ({ body: fake.tokens({ authorization_details: details }) });
    expect((await redeem(fake.confidential())).authorizationDetails).toEqual(details);
  });
});
