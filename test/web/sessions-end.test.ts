// What ends a session ends it for good: in every process, with its tokens, and for whoever has a copy of something.
// proves: web/src/sign-in/sessions.ts, web/src/sign-in/session-store.ts, web/src/sign-in/logout-routes.ts
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { requestOf, type WebSignIn, type WebStore } from "@tessera/web";
import { clientId, keys, sign, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { secret, site, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let store: Required<WebStore>;
let kept: string[];
let app: ConfidentialClientApplication;
let web: WebSignIn;
let alice: Visitor;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  const real = storeAt(provider);
  kept = [];
  store = { ...real, set: async (key, text, seconds) => (kept.push(key), real.set(key, text, seconds)) };
  app = provider.confidential();
  web = siteAt(provider, { store, app });
  alice = visitorOf(web, provider);
  await alice.signIn({ claims: { sid: "laptop" } });
  provider.clock.advance(1);
});

let count = 0;
function logout(claims: object): URLSearchParams {
  count += 1;
  const now = Math.floor(provider.clock.now() / 1000);
  const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const said = { iss: provider.url, aud: clientId, iat: now, exp: now + 120, jti: `ends-${count}`, events };
  const header = { alg: "RS256", kid: "one", typ: "logout+jwt" };
  return new URLSearchParams({ logout_token: sign({ ...said, ...claims }, header, keys.one.privateKey) });
}
const backChannel = `${site}/auth/logout/back-channel`;
const send = async (at: WebSignIn, init: RequestInit): Promise<number | undefined> =>
  (await at.handle(new Request(backChannel, { method: "POST", ...init })))?.status;

describe("a logout by the provider", () => {
  test("of a session removes its tokens, by back channel and by front channel", async () => {
    const ended = jest.spyOn(app, "endOnBehalfOfSession");
    expect(await send(web, { body: logout({ sid: "laptop" }) })).toBe(200);
    expect(ended).toHaveBeenCalledTimes(1);
    await alice.signIn({ claims: { sid: "laptop" } });
    ended.mockClear();
    const query = new URLSearchParams({ iss: provider.url, sid: "laptop" }).toString();
    await web.handle(new Request(`${site}/auth/logout/front-channel?${query}`));
    expect(ended).toHaveBeenCalledTimes(1);
  });

  test("of a user removes the user's account", async () => {
    const signedOut = jest.spyOn(app, "signOut");
    const accounts = await app.getAllAccounts();
    expect(await send(web, { body: logout({ sub: "user-1" }) })).toBe(200);
    expect(signedOut).toHaveBeenCalledTimes(accounts.length);
    expect(await app.getAllAccounts()).toEqual([]);
  });

  test("is taken by one of two processes that it reaches at the same moment", async () => {
    // Neither of them reads yet what the other one has written.
    const racing = {
      ...store,
      get: async (key: string) => (key.startsWith("used:") ? null : store.get(key)),
    };
    const [one, two] = [siteAt(provider, { store: racing }), siteAt(provider, { store: racing })];
    const token = logout({ sub: "user-1" }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const statuses = await Promise.all([one, two].map((at) => send(at, { body: token, headers })));
    expect(statuses.sort()).toEqual([200, 400]);
  });

  test("is read from a form and from nothing else", async () => {
    const body = logout({ sub: "user-1" }).toString();
    expect(await send(web, { body, headers: { "content-type": "text/plain" } })).toBe(400);
    expect(await web.user(alice.request("/"))).toBeDefined();
  });

  test.each(["", "?iss=https://idp.example", "?sid=laptop"])(
    "in a frame with %j is a mistake",
    async (query) => {
      expect((await web.handle(new Request(`${site}/auth/logout/front-channel${query}`)))?.status).toBe(400);
    },
  );

  test("also counts for a session that the list of the provider's sessions no longer has", async () => {
    const list = kept.find((key) => key.startsWith("sid:")) ?? "";
    await store.delete(list);
    expect(await web.user(alice.request("/"))).toBeUndefined();
  });
});

test("the store has no name that lets anybody in, and a list of sessions that does not grow for ever", async () => {
  for (let visit = 0; visit < 30; visit += 1) await alice.signIn({ claims: { sid: "laptop" } });
  for (const key of kept) expect(key).toMatch(/^(session|sid|user|flow|used):[\w-]{43}$/);
  const list = kept.find((key) => key.startsWith("sid:")) ?? "";
  expect((await store.get(list))?.split(" ")).toHaveLength(20);
});

test("with a posted answer, which comes without the session's cookie, the session before ends as well", async () => {
  const posting = siteAt(provider, { store, responseMode: "form_post" });
  const before = visitorOf(posting, provider);
  before.cookies.set("__Host-tessera", alice.cookies.get("__Host-tessera") ?? "");
  const asked = await alice.begin("/auth/sign-in", { at: posting });
  alice.cookies.delete("__Host-tessera");
  await alice.answer(asked, { at: posting });
  const form = { code: "the-code", state: asked.get("state") ?? "" };
  expect((await alice.visit("/auth/callback", { method: "POST", form, at: posting })).status).toBe(303);
  expect(await posting.user(alice.request("/"))).toBeDefined();
  expect(await posting.user(before.request("/"))).toBeUndefined();
});

test("a session of the future is nobody's: this process does not know when it ends", async () => {
  const bare = siteAt(provider, { session: { secrets: [secret] } });
  const bob = visitorOf(bare, provider);
  await bob.signIn();
  provider.clock.advance(-30);
  expect(await bare.user(bob.request("/"))).toBeDefined();
  provider.clock.advance(-60);
  expect(await bare.user(bob.request("/"))).toBeUndefined();
});

test("a sign-out whose headers contradict each other is not the site's, and its page is kept by nobody", async () => {
  const errorPage = () => new Response("Oops", { status: 403, headers: { "cache-control": "public" } });
  const own = siteAt(provider, { store, errorPage });
  const headers = { origin: "https://evil.example", "sec-fetch-site": "same-origin" };
  const response = await alice.visit("/auth/sign-out", { method: "POST", headers, at: own });
  expect([response.status, response.headers.get("cache-control")]).toEqual([403, "no-store"]);
  expect(await own.user(alice.request("/"))).toBeDefined();
});

test("the pseudo-headers of HTTP/2 are not headers", () => {
  const incoming = { method: "GET", url: "/orders", rawHeaders: [":path", "/orders", "accept", "text/html"] };
  expect([...requestOf(incoming as never, site).headers]).toEqual([["accept", "text/html"]]);
});
