// The provider ends sessions (OpenID Connect Back-Channel and Front-Channel Logout), in all processes; nobody else does.
// proves: web/src/sign-in/logout-routes.ts, web/src/sign-in/session-store.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebSignIn, WebStore } from "@tessera/web";
import { clientId, keys, sign, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let store: Required<WebStore>;
let web: WebSignIn;
let other: WebSignIn;
let laptop: Visitor;
let phone: Visitor;
let count = 0;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  store = storeAt(provider);
  [web, other] = [siteAt(provider, { store }), siteAt(provider, { store })];
  [laptop, phone] = [visitorOf(web, provider), visitorOf(web, provider)];
  await laptop.signIn({ claims: { sid: "laptop" } });
  await phone.signIn({ claims: { sid: "phone" } });
  provider.clock.advance(1);
});

const logoutToken = (claims: object = {}, key = keys.one.privateKey): string => {
  count += 1;
  const now = Math.floor(provider.clock.now() / 1000);
  const named = { iss: provider.url, aud: clientId, iat: now, exp: now + 120, jti: `jti-${count}` };
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  return sign({ ...named, events, ...claims }, { alg: "RS256", kid: "one", typ: "logout+jwt" }, key);
};
const send = async (token: string, at = other): Promise<number> => {
  const request = new Request("https://orders.example/auth/logout/back-channel", {
    method: "POST",
    body: new URLSearchParams({ logout_token: token }),
  });
  return (await at.handle(request))?.status ?? 0;
};
const frame = async (query: Readonly<Record<string, string>>, at = other): Promise<Response | undefined> =>
  at.handle(
    new Request(`https://orders.example/auth/logout/front-channel?${new URLSearchParams(query).toString()}`),
  );
const signedIn = async (): Promise<readonly string[]> => {
  const both = { laptop, phone };
  const known = await Promise.all(
    Object.entries(both).map(async ([name, visitor]) =>
      (await web.user(visitor.request("/"))) ? [name] : [],
    ),
  );
  return known.flat();
};

describe.each([
  ["with a store that adds in one step", (given: Required<WebStore>): WebStore => given],
  [
    "with a store of the four methods",
    ({ get, set, take, delete: remove }: Required<WebStore>): WebStore => ({
      get,
      set,
      take,
      delete: remove,
    }),
  ],
])("a logout token, %s,", (_, choose) => {
  beforeEach(() => {
    other = siteAt(provider, { store: choose(store) });
  });

  test.each<[string, object, readonly string[]]>([
    ["of a session ends that one", { sid: "laptop" }, ["phone"]],
    ["of a session and its user ends that session", { sid: "laptop", sub: "user-1" }, ["phone"]],
    ["of a user ends all", { sub: "user-1" }, []],
    ["of another user ends none", { sub: "user-2" }, ["laptop", "phone"]],
    ["of another session ends none", { sid: "tablet" }, ["laptop", "phone"]],
  ])("%s, in the other processes as well", async (_name, claims, left) => {
    expect(await send(logoutToken(claims))).toBe(200);
    expect(await signedIn()).toEqual(left);
  });

  test("is accepted once by all processes", async () => {
    const token = logoutToken({ sub: "user-1" });
    expect(await send(token)).toBe(200);
    provider.clock.advance(1);
    await laptop.signIn({ claims: { sid: "laptop" } });
    expect(await send(token, siteAt(provider, { store: choose(store) }))).toBe(400);
    expect(await signedIn()).toEqual(["laptop"]);
  });
});

test("who signs in again afterwards is signed in", async () => {
  await send(logoutToken({ sub: "user-1" }));
  provider.clock.advance(1);
  await laptop.signIn({ claims: { sid: "laptop" } });
  expect(await signedIn()).toEqual(["laptop"]);
});

test("a session that does not know the provider's ends with its user", async () => {
  await phone.signIn();
  provider.clock.advance(1);
  expect(await send(logoutToken({ sid: "tablet", sub: "user-1" }))).toBe(200);
  expect(await signedIn()).toEqual(["laptop"]);
});

test.each<[string, () => string]>([
  ["of another client", () => logoutToken({ sub: "user-1", aud: "another" })],
  ["of another issuer", () => logoutToken({ sub: "user-1", iss: "https://evil.example" })],
  ["signed with another key", () => logoutToken({ sub: "user-1" }, keys.two.privateKey)],
  ["that has expired", () => logoutToken({ sub: "user-1", exp: 1 })],
  ["with a nonce: an ID token", () => logoutToken({ sub: "user-1", nonce: "n" })],
  ["that is none", () => "x.y.z"],
  ["that is empty", () => ""],
])("a token %s is refused with 400, and nobody signs out", async (_, make) => {
  expect(await send(make())).toBe(400);
  expect(await signedIn()).toEqual(["laptop", "phone"]);
});

test("a form that does not end is not read to its end", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(new Uint8Array(16_384));
    },
  });
  const init = { method: "POST", body, duplex: "half" as const };
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const request = new Request("https://orders.example/auth/logout/back-channel", { ...init, headers });
  expect((await web.handle(request))?.status).toBe(400);
  expect(pulled).toBeLessThan(10);
});

test("the provider's frame ends the session that it names, without a cookie", async () => {
  const response = await frame({ iss: provider.url, sid: "laptop" });
  expect(response?.status).toBe(200);
  // It has to show in the frame of another site.
  expect(response?.headers.get("content-security-policy")).toBeNull();
  expect(await signedIn()).toEqual(["phone"]);
});

test.each([
  {},
  { sid: "laptop" },
  { iss: "https://evil.example", sid: "laptop" },
  { iss: "PROVIDER", sid: "tablet" },
])("a frame with %j ends nothing, and leaves nothing in the store", async (query) => {
  const kept: string[] = [];
  const watched = siteAt(provider, {
    store: { ...store, set: async (key, text, seconds) => (kept.push(key), store.set(key, text, seconds)) },
  });
  const named = Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, value.replace("PROVIDER", provider.url)]),
  );
  await frame(named, watched);
  expect(await signedIn()).toEqual(["laptop", "phone"]);
  expect(kept).toEqual([]);
});

test("without a store both say that the site cannot do it", async () => {
  const bare = siteAt(provider);
  expect(await send(logoutToken({ sub: "user-1" }), bare)).toBe(501);
  expect((await frame({ iss: provider.url, sid: "laptop" }, bare))?.status).toBe(501);
});
