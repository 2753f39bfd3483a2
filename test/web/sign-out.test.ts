// A sign-out ends this session, here and at the provider, and no other; no other site can cause it.
// proves: web/src/sign-in/sign-out-route.ts, web/src/sign-in/session-store.ts, web/src/sign-in/return-to.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebSignIn, WebStore } from "@tessera/web";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { site, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let store: WebStore;
let web: WebSignIn;
let alice: Visitor;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  const metadata = provider.metadata({ end_session_endpoint: `${provider.url}/logout` });
  provider.answers.discovery = () => ({ body: metadata });
  store = storeAt(provider);
  web = siteAt(provider, { store });
  alice = visitorOf(web, provider);
  await alice.signIn({ claims: { sid: "laptop" } });
});

const post = { method: "POST", headers: { origin: site } };
const isSignedIn = async (visitor: Visitor, at = web): Promise<boolean> =>
  (await at.user(visitor.request("/"))) !== undefined;

test("GET asks, and changes nothing", async () => {
  const response = await alice.visit("/auth/sign-out");
  expect(await response.text()).toContain('<form method="post" action="/auth/sign-out"><button>Sign out');
  expect(await isSignedIn(alice)).toBe(true);
});

test("POST ends the session here and at the provider, and comes back", async () => {
  const response = await alice.visit("/auth/sign-out", post);
  expect(response.status).toBe(303);
  const url = new URL(response.headers.get("location") ?? "");
  expect(url.origin + url.pathname).toBe(`${provider.url}/logout`);
  expect(url.searchParams.get("post_logout_redirect_uri")).toBe(site);
  expect(alice.cookies.size).toBe(0);
  expect(await isSignedIn(alice)).toBe(false);
});

test("a cookie that was copied before is worth nothing afterwards, in any process", async () => {
  const thief = visitorOf(web, provider);
  for (const [name, value] of alice.cookies) thief.cookies.set(name, value);
  const other = siteAt(provider, { store });
  expect(await isSignedIn(thief, other)).toBe(true);
  await alice.visit("/auth/sign-out", post);
  expect(await isSignedIn(thief, other)).toBe(false);
  expect((await other.token(thief.request("/"), { scopes: ["api:read"] })).response?.status).toBe(303);
});

test("without a store it outlives the sign-out, and the tokens do not", async () => {
  const bare = siteAt(provider);
  const bob = visitorOf(bare, provider);
  await bob.signIn();
  const cookie = bob.cookies.get("__Host-tessera") ?? "";
  await bob.visit("/auth/sign-out", post);
  bob.cookies.set("__Host-tessera", cookie);
  expect(await isSignedIn(bob, bare)).toBe(true);
  provider.clock.advance(70);
  expect((await bare.token(bob.request("/"), { scopes: ["api:read"] })).response).toBeDefined();
});

test("the user's other sessions go on with their own tokens, and the provider learns which one has ended", async () => {
  const phone = visitorOf(web, provider);
  await phone.signIn({ claims: { sid: "phone" }, tokens: { access_token: "the phone's token" } });
  const answer = await web.token(alice.request("/"), { scopes: ["api:read"] });
  expect(answer.accessToken).toBe("token of authorization_code");
  const response = await alice.visit("/auth/sign-out", post);
  const hint = new URL(response.headers.get("location") ?? "").searchParams.get("id_token_hint") ?? "";
  expect(JSON.parse(Buffer.from(hint.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
    sid: "laptop",
  });
  expect(await isSignedIn(phone)).toBe(true);
  const kept = await web.token(phone.request("/"), { scopes: ["api:read"] });
  expect(kept).toMatchObject({ accessToken: "the phone's token", fromCache: true });
});

test("a provider without such a page: the user signs out here", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  const bob = visitorOf(siteAt(provider, { store }), provider);
  await bob.signIn();
  expect((await bob.visit("/auth/sign-out", post)).headers.get("location")).toBe(`${site}/`);
  expect(bob.cookies.size).toBe(0);
});

describe("no other site signs a user out", () => {
  const none = undefined;
  test.each<[string, Readonly<Record<string, string | undefined>>, boolean]>([
    ["the site's own page", { origin: site, "sec-fetch-site": "same-origin" }, true],
    [
      "a page that hides its origin (Referrer-Policy: no-referrer)",
      { origin: "null", "sec-fetch-site": "same-origin" },
      true,
    ],
    ["an old browser, with the origin alone", { origin: site, "sec-fetch-site": none }, true],
    ["a page of another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, false],
    [
      "a page of another host of the domain",
      { origin: "https://evil.orders.example", "sec-fetch-site": "same-site" },
      false,
    ],
    ["a frame without an origin", { origin: "null", "sec-fetch-site": "cross-site" }, false],
    ["an old browser at another site", { origin: "https://evil.example", "sec-fetch-site": none }, false],
    ["an old browser that hides the origin", { origin: "null", "sec-fetch-site": none }, false],
    ["a program without either", { origin: none, "sec-fetch-site": none }, false],
    ["an origin with another port", { origin: `${site}:8443`, "sec-fetch-site": none }, false],
    ["an origin without TLS", { origin: "http://orders.example", "sec-fetch-site": none }, false],
  ])("%s", async (_, headers, isOwn) => {
    const response = await alice.visit("/auth/sign-out", { method: "POST", headers });
    expect(response.status).toBe(isOwn ? 303 : 403);
    expect(await isSignedIn(alice)).toBe(!isOwn);
  });
});
