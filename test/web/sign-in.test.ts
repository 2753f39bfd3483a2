// A sign-in in a browser: it comes back to where it began, is completed once, and disturbs no other tab.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/sign-in/sign-in-route.ts, web/src/sign-in/callback-route.ts,
// web/src/sign-in/flow-cookies.ts, web/src/sign-in/cookies.ts, web/src/sign-in/form.ts, web/src/sign-in/problem.ts,
// web/src/sign-in/pages.ts, web/src/sign-in/site.ts, web/src/sign-in/web-sign-in-problem.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebSignIn, WebSignInProblem } from "@tessera/web";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { site, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let web: WebSignIn;
let alice: Visitor;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  web = siteAt(provider);
  alice = visitorOf(web, provider);
});

test("a user signs in, comes back to the page, and is known there", async () => {
  const asked = await alice.begin("/auth/sign-in?returnTo=%2Forders%3Fof%3Dmine%23last");
  expect(Object.fromEntries(asked)).toMatchObject({
    redirect_uri: `${site}/auth/callback`,
    scope: expect.stringContaining("api:read"),
    response_mode: "query",
    code_challenge_method: "S256",
  });
  const response = await alice.answer(asked, { claims: { name: "Alice" } });
  expect([response.status, response.headers.get("location")]).toEqual([303, `${site}/orders?of=mine#last`]);
  const user = await web.user(alice.request("/orders"));
  expect(user).toMatchObject({
    subject: "user-1",
    issuer: provider.url,
    name: "Alice",
    homeAccountId: "user-1",
  });
  expect(user?.signedInAt).toEqual(new Date(provider.clock.now()));
  expect(await web.token(alice.request("/orders"), { scopes: ["api:read"] })).toMatchObject({
    accessToken: "token of authorization_code",
    fromCache: true,
  });
});

test("nobody is signed in without a cookie, and with one that the site has not sealed", async () => {
  expect(await web.user(alice.request("/"))).toBeUndefined();
  for (const text of ["x", "a.b.c.d.e", "e".repeat(20_000)]) {
    alice.cookies.set("__Host-tessera", text);
    expect(await web.user(alice.request("/"))).toBeUndefined();
  }
});

test("cookies are the site's alone: no script, no other host, no plain connection sees them", async () => {
  await alice.begin();
  const [flow = ""] = alice.lastCookies();
  expect(flow).toMatch(
    /^__Host-tessera-flow\.\w+\.\w+=\S+; Path=\/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax$/,
  );
  await alice.signIn();
  const session = alice.lastCookies().find((cookie) => cookie.startsWith("__Host-tessera=")) ?? "";
  expect(session).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
});

test("on localhost without TLS the cookies have another name, which a browser takes there", async () => {
  const local = siteAt(provider, { baseUrl: "http://localhost:3000" });
  const response = await local.handle(new Request("http://localhost:3000/auth/sign-in"));
  expect(response?.headers.getSetCookie()[0]).toMatch(
    /^tessera-flow\.\w+\.\w+=\S+; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/,
  );
});

test("there, the cookie of a posted answer is Secure all the same: browsers take SameSite=None from no other", async () => {
  const local = siteAt(provider, { baseUrl: "http://localhost:3000", responseMode: "form_post" });
  const response = await local.handle(new Request("http://localhost:3000/auth/sign-in"));
  expect(response?.headers.getSetCookie()[0]).toMatch(/; HttpOnly; Secure; SameSite=None$/);
});

test("of two cookies with one name, the first one counts: the one of the longer path is not the site's", async () => {
  await alice.signIn();
  const cookie = alice.cookies.get("__Host-tessera") ?? "";
  const user = (header: string) => web.user(alice.request("/", { headers: { cookie: header } }));
  expect(await user(`__Host-tessera=${cookie}; __Host-tessera=x`)).toMatchObject({ subject: "user-1" });
  expect(await user(`__Host-tessera=x; __Host-tessera=${cookie}`)).toBeUndefined();
});

test("a posted answer is taken, with a flow's cookie that is sent from the provider's page", async () => {
  web = siteAt(provider, { responseMode: "form_post" });
  alice = visitorOf(web, provider);
  const asked = await alice.begin();
  expect(asked.get("response_mode")).toBe("form_post");
  expect(alice.lastCookies()[0]).toMatch(/; Secure; SameSite=None$/);
  // Sets the provider's answer, and is refused as an answer in a query.
  expect((await alice.answer(asked)).status).toBe(405);
  const form = { code: "the-code", state: asked.get("state") ?? "" };
  const response = await alice.visit("/auth/callback", { method: "POST", form });
  expect([response.status, response.headers.get("location")]).toEqual([303, `${site}/`]);
  expect(alice.lastCookies().at(-1)).toMatch(/^__Host-tessera=.*SameSite=Lax$/);
  expect(await web.user(alice.request("/"))).toMatchObject({ subject: "user-1" });
});

test("several tabs sign in at once, in any order, and the last one is the browser's session", async () => {
  const tabs = [];
  for (const tab of ["one", "two", "three"]) tabs.push(await alice.begin(`/auth/sign-in?returnTo=/${tab}`));
  const [one, two, three] = tabs as [URLSearchParams, URLSearchParams, URLSearchParams];
  for (const [asked, path] of [
    [two, "/two"],
    [three, "/three"],
    [one, "/one"],
  ] as const) {
    expect((await alice.answer(asked)).headers.get("location")).toBe(site + path);
    expect(await web.user(alice.request("/"))).toBeDefined();
  }
  expect([...alice.cookies.keys()]).toEqual(["__Host-tessera"]);
});

test.each([
  ["short ones", "/", 5, 5],
  ["those of long addresses", `/${"a".repeat(1000)}`, 2, 4],
])("abandoned sign-ins are a few cookies: %s", async (_, page, least, most) => {
  for (let tab = 0; tab < 20; tab += 1) {
    await alice.begin(`/auth/sign-in?returnTo=${page}`);
    provider.clock.advance(1);
    expect((alice.request("/").headers.get("cookie") ?? "").length).toBeLessThan(6500);
  }
  expect(alice.cookies.size).toBeGreaterThanOrEqual(least);
  expect(alice.cookies.size).toBeLessThanOrEqual(most);
});

test("a sign-in that does not fit into a cookie says so, and no browser drops it silently", async () => {
  const long = JSON.stringify({ id_token: { acr: { values: Array(300).fill("a long value") } } });
  const response = await web.signIn(alice.request("/"), { claims: long });
  const answer = await alice.visit(response.headers.get("location") ?? "");
  expect([answer.status, alice.cookies.size]).toEqual([400, 0]);
  expect(await answer.text()).toContain("sign_in_too_long");
});

test("sixty abandoned sign-ins leave a header that every server takes, and the last ones still work", async () => {
  const asked = [];
  for (let tab = 0; tab < 60; tab += 1) {
    asked.push(await alice.begin(`/auth/sign-in?returnTo=/page-${tab}`));
    provider.clock.advance(1);
  }
  const header = alice.request("/").headers.get("cookie") ?? "";
  expect(header.length).toBeLessThan(6500);
  expect((await alice.answer(asked.at(-2) as URLSearchParams)).headers.get("location")).toBe(
    `${site}/page-58`,
  );
  expect((await alice.answer(asked.at(-1) as URLSearchParams)).headers.get("location")).toBe(
    `${site}/page-59`,
  );
  const [first] = asked as [URLSearchParams];
  alice.cookies.delete("__Host-tessera");
  expect((await alice.answer(first)).status).toBe(400);
});

test("who goes back in the history after a sign-in sees the site, and the answer is not sent again", async () => {
  const asked = await alice.begin();
  await alice.answer(asked);
  const before = provider.count("token");
  const response = await alice.answer(asked);
  expect([response.status, response.headers.get("location")]).toEqual([303, `${site}/`]);
  expect(provider.count("token")).toBe(before);
});

test("a callback is completed once by all processes that share a store, wherever a provider takes a code twice", async () => {
  const store = storeAt(provider);
  const [one, two] = [siteAt(provider, { store }), siteAt(provider, { store })];
  const asked = await alice.begin("/auth/sign-in", { at: one });
  // A thief who has the answer and the cookie of the flow.
  const thief = visitorOf(two, provider);
  for (const [name, value] of alice.cookies) thief.cookies.set(name, value);
  expect((await alice.answer(asked, { at: one })).status).toBe(303);
  const replayed = await thief.answer(asked, { at: two });
  expect([replayed.status, await replayed.text()]).toEqual([
    400,
    expect.stringContaining("sign_in_out_of_date"),
  ]);
  expect(provider.count("token")).toBe(1);
});

describe("a sign-in that does not come about", () => {
  test.each<[string, Readonly<Record<string, string>>, number, string]>([
    ["cancelled", { error: "access_denied" }, 403, "access_denied"],
    ["refused by the provider", { error: "server_error" }, 502, "server_error"],
  ])("%s is a page with a way on", async (_, parameters, status, code) => {
    const response = await alice.signIn({ parameters });
    expect(response.status).toBe(status);
    const html = await response.text();
    expect(html).toContain(code);
    expect(html).toContain(`href="${site}/auth/sign-in"`);
    expect(await web.user(alice.request("/"))).toBeUndefined();
  });

  test("has taken too long: the browser has dropped its cookie, or the flow is too old", async () => {
    const asked = await alice.begin();
    provider.clock.advance(3700);
    expect((await alice.answer(asked)).status).toBe(400);
    alice.cookies.clear();
    const response = await alice.answer(asked);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining("Sign in again")]);
  });

  test("shows the site's own page, which nobody keeps", async () => {
    const problems: WebSignInProblem[] = [];
    const errorPage = (problem: WebSignInProblem): Response => {
      problems.push(problem);
      return new Response("Oops", { status: problem.status, headers: { "cache-control": "public" } });
    };
    const own = siteAt(provider, { errorPage });
    const bob = visitorOf(own, provider);
    const response = await bob.answer(await bob.begin("/auth/sign-in?returnTo=/orders"), {
      parameters: { error: "access_denied" },
    });
    expect([response.status, await response.text()]).toEqual([403, "Oops"]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(bob.cookies.size).toBe(0);
    expect(problems).toMatchObject([
      {
        code: "access_denied",
        homeUrl: `${site}/`,
        signInUrl: `${site}/auth/sign-in?returnTo=%2Forders`,
        error: { errorCode: "access_denied" },
      },
    ]);
  });

  test("when the provider is away, also before it has begun", async () => {
    provider.answers.discovery = () => ({ status: 500 });
    const response = await alice.visit("/auth/sign-in");
    expect(response.status).toBe(502);
    expect(alice.cookies.size).toBe(0);
  });
});

test("nothing of it is kept by browsers or proxies", async () => {
  const answers = [
    await alice.visit("/auth/sign-in"),
    await alice.visit("/auth/callback"),
    await alice.signIn(),
    await alice.visit("/"),
    await alice.visit("/auth/sign-out"),
    await alice.visit("/auth/sign-out", { method: "POST", headers: { origin: site } }),
    await alice.visit("/auth/sign-out", { method: "PUT" }),
    await alice.visit("/auth/logout/front-channel"),
    await alice.visit("/auth/logout/back-channel", { method: "POST" }),
    (await web.token(alice.request("/"), { scopes: [] })).response,
    await web.signIn(alice.request("/", { headers: { "sec-fetch-mode": "cors" } })),
  ];
  expect(answers.map((response) => response?.headers.get("cache-control"))).toEqual(
    answers.map(() => "no-store"),
  );
});

test.each(["/", "/auth", "/auth/", "/auth/sign-in/", "/AUTH/sign-in", "/auth/other", "/auth/sign-in%2f"])(
  "%s is left to the site",
  async (path) => {
    expect(await web.handle(alice.request(path))).toBeUndefined();
  },
);
