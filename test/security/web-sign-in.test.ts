// Attacks on a website's sign-in: each is tried as an attacker would, and nobody is signed in or sent anywhere by it.
// proves: web/src/sign-in/return-to.ts, web/src/sign-in/callback-route.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebSignIn } from "@tessera/web";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { site, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let web: WebSignIn;
let victim: Visitor;
let attacker: Visitor;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  web = siteAt(provider, { store: storeAt(provider) });
  [victim, attacker] = [visitorOf(web, provider), visitorOf(web, provider)];
});

const userOf = async (visitor: Visitor): Promise<string | undefined> =>
  (await web.user(visitor.request("/")))?.subject;

describe("login CSRF: the attacker's own answer, brought to the victim's browser,", () => {
  test("signs nobody in, and its code is not redeemed", async () => {
    const response = await victim.answer(await attacker.begin(), { claims: { sub: "attacker" } });
    expect([response.status, await userOf(victim), provider.count("token")]).toEqual([400, undefined, 0]);
  });

  test("while the victim signs in as well, leaves the victim's sign-in as it is", async () => {
    const [forged, own] = [await attacker.begin(), await victim.begin()];
    await victim.answer(forged, { claims: { sub: "attacker" } });
    await victim.answer(own, { claims: { sub: "victim" } });
    expect(await userOf(victim)).toBe("victim");
  });

  test("leaves a victim who is signed in who it is", async () => {
    await victim.signIn({ claims: { sub: "victim" } });
    await victim.answer(await attacker.begin(), { claims: { sub: "attacker" } });
    expect(await userOf(victim)).toBe("victim");
  });

  test("with a flow's cookie under the name of the attacker's flow, is out of date", async () => {
    const [forged] = [await attacker.begin(), await victim.begin()];
    const [name = ""] = attacker.cookies.keys();
    const [own = ""] = victim.cookies.values();
    victim.cookies.set(name, own);
    expect((await victim.answer(forged)).status).toBe(400);
    expect(await userOf(victim)).toBeUndefined();
  });
});

test("session fixation: a cookie that the attacker has planted is replaced when the victim signs in", async () => {
  await attacker.signIn({ claims: { sub: "attacker" } });
  const planted = attacker.cookies.get("__Host-tessera") ?? "";
  victim.cookies.set("__Host-tessera", planted);
  await victim.signIn({ claims: { sub: "victim" } });
  expect(await userOf(victim)).toBe("victim");
  expect(victim.cookies.get("__Host-tessera")).not.toBe(planted);
  expect(await userOf(attacker)).not.toBe("victim");
});

describe("open redirect", () => {
  const elsewhere = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u0000//evil.example",
    "/%5cevil.example",
    "/%2f/evil.example",
    "/%2fevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/orders/..//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "hTTps://evil.example",
    "http://orders.example",
    "https://orders.example@evil.example",
    "https://orders.example:443@evil.example/",
    "https://user:password@orders.example/",
    "https://orders.example.evil.example",
    "https://evil.example/https://orders.example",
    "https://evil.example#orders.example",
    "https://evil.example?orders.example",
    "https://orders.example:8443/",
    "https://orders。example.evil.example",
    "https://evil。example",
    "//evil%E3%80%82example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "blob:https://orders.example/x",
    "view-source:https://orders.example",
    "file:///etc/passwd",
    "?returnTo=//evil.example",
    "#//evil.example",
    "/auth/sign-out",
    "/auth/sign-in?returnTo=/auth/sign-in",
    "/auth/callback?code=x",
    "https://[",
    "//",
    "",
    "%",
    `/${"a".repeat(5000)}`,
  ];
  test.each(elsewhere)("%j leads to the site, whatever it is written like", async (returnTo) => {
    const asked = await victim.begin(`/auth/sign-in?returnTo=${encodeURIComponent(returnTo)}`);
    const location = (await victim.answer(asked)).headers.get("location") ?? "";
    expect(location).toMatch(/^https:\/\/orders\.example\//);
    const url = new URL(location);
    expect([url.origin, url.username]).toEqual([site, ""]);
    expect(url.pathname).not.toMatch(/^\/auth\//);
  });

  test("in the address of a page that has the user sign in, and in its referrer", async () => {
    for (const [path, headers] of [
      ["//evil.example/x", {}],
      ["/", { "sec-fetch-mode": "cors", referer: "https://evil.example/" }],
    ] as const) {
      const response = await web.signIn(victim.request(`${site}${path}`, { headers }));
      const url =
        response.headers.get("location") ?? ((await response.json()) as { signInUrl: string }).signInUrl;
      const asked = await victim.begin(url);
      expect(new URL((await victim.answer(asked)).headers.get("location") ?? "").origin).toBe(site);
    }
  });
});

test("a replayed callback signs nobody in a second time, not even with all cookies", async () => {
  const asked = await victim.begin();
  for (const [name, value] of victim.cookies) attacker.cookies.set(name, value);
  await victim.answer(asked, { claims: { sub: "victim" } });
  expect((await attacker.answer(asked, { claims: { sub: "victim" } })).status).toBe(400);
  expect([await userOf(attacker), provider.count("token")]).toEqual([undefined, 1]);
});

test("mixed-up issuers: an answer that names another issuer is refused, and its code is not sent", async () => {
  const response = await victim.signIn({ parameters: { iss: "https://evil.example" } });
  expect([response.status, await userOf(victim), provider.count("token")]).toEqual([400, undefined, 0]);
});

test("an answer whose ID token is of another sign-in, issuer or audience signs nobody in", async () => {
  for (const claims of [
    { nonce: "another" },
    { iss: "https://evil.example" },
    { aud: "another" },
    { exp: 1 },
  ]) {
    expect((await victim.signIn({ claims })).status).toBe(502);
    expect(await userOf(victim)).toBeUndefined();
  }
});

test("what a provider or an attacker sends is never markup of a page", async () => {
  const error = '"><script>alert(1)</script>';
  const asked = await victim.begin();
  const html = await (await victim.answer(asked, { parameters: { error, error_description: error } })).text();
  expect(html).not.toContain("<script");
  const response = await victim.visit(`/auth/sign-in?returnTo=${encodeURIComponent(`/${error}`)}`);
  const state = new URL(response.headers.get("location") ?? "").searchParams;
  expect(await (await victim.answer(state, { parameters: { error: "access_denied" } })).text()).not.toContain(
    "<script",
  );
});

test("no page of the sign-in can be framed, or loads anything", async () => {
  await victim.signIn();
  const policy = (await victim.visit("/auth/sign-out")).headers.get("content-security-policy");
  expect(policy).toBe("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
});

test("the Host header decides nothing", async () => {
  const request = new Request("https://evil.example/auth/sign-in", { headers: { host: "evil.example" } });
  const location = (await web.handle(request))?.headers.get("location") ?? "";
  expect(new URL(location).searchParams.get("redirect_uri")).toBe(`${site}/auth/callback`);
});
