// The cookie of a session: who the user is, for as long as the site says, and never a token.
// proves: web/src/sign-in/session.ts, web/src/sign-in/sessions.ts, web/src/sign-in/key-ring.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { WebSessionOptions, WebSignIn } from "@tessera/web";
import { secrets as tokens, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { secret, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

const session = "__Host-tessera";
const signedIn = async (
  over: Partial<WebSessionOptions> = {},
  claims: Readonly<Record<string, unknown>> = {},
): Promise<{ web: WebSignIn; alice: Visitor }> => {
  const web = siteAt(provider, { session: { secrets: [secret], ...over } });
  const alice = visitorOf(web, provider);
  await alice.signIn({ claims });
  return { web, alice };
};

describe("a session", () => {
  test("ends when it has not been used for long enough, and goes on as long as it is", async () => {
    const { web, alice } = await signedIn({ idleSeconds: 100, maxSeconds: 1000 });
    for (let use = 0; use < 9; use += 1) {
      provider.clock.advance(99);
      expect(await (await alice.visit("/")).text()).toBe("Hello user-1");
    }
    provider.clock.advance(100);
    expect(await web.user(alice.request("/"))).toBeUndefined();
  });

  test("ends after its longest time, however much it is used", async () => {
    const { alice } = await signedIn({ idleSeconds: 100, maxSeconds: 200 });
    for (const [seconds, page] of [
      [99, "Hello user-1"],
      [99, "Hello user-1"],
      [2, "Welcome"],
    ] as const) {
      provider.clock.advance(seconds);
      expect(await (await alice.visit("/")).text()).toBe(page);
    }
  });

  test("is written anew only when a tenth of its idle time is over", async () => {
    const { alice } = await signedIn({ idleSeconds: 100 });
    await alice.visit("/");
    expect(alice.lastCookies()).toEqual([]);
    provider.clock.advance(10);
    await alice.visit("/");
    expect(alice.lastCookies()).toHaveLength(1);
  });

  test("of a user who does not fit into a cookie does not begin, and a page says why", async () => {
    const alice = visitorOf(siteAt(provider), provider);
    const answer = await alice.signIn({ claims: { sub: "s".repeat(4000) } });
    expect([answer.status, alice.cookies.has(session)]).toEqual([502, false]);
    expect(await answer.text()).toContain("invalid_id_token");
  });

  test("has a new id at every sign-in: one that was there before is not taken over", async () => {
    const { alice } = await signedIn();
    const before = alice.cookies.get(session);
    await alice.signIn();
    expect(alice.cookies.get(session)).not.toBe(before);
  });
});

describe("the session that a browser had before", () => {
  /** Somebody with a copy of the cookies. */
  const copyOf = (web: WebSignIn, { cookies }: Visitor): Visitor => {
    const copy = visitorOf(web, provider);
    for (const [name, value] of cookies) copy.cookies.set(name, value);
    return copy;
  };
  const orders: [string, (visitor: Visitor) => Promise<Visitor>][] = [
    [
      "a further sign-in",
      async (visitor) => {
        await visitor.signIn();
        const before = copyOf(siteAt(provider), visitor);
        await visitor.signIn();
        return before;
      },
    ],
    [
      "a sign-in that another tab has begun before",
      async (visitor) => {
        const [one, two] = [await visitor.begin(), await visitor.begin()];
        await visitor.answer(one);
        const before = copyOf(siteAt(provider), visitor);
        await visitor.answer(two);
        return before;
      },
    ],
  ];
  test.each(orders)("ends with %s, in all processes", async (_, act) => {
    const store = storeAt(provider);
    const [web, other] = [siteAt(provider, { store }), siteAt(provider, { store })];
    const alice = visitorOf(web, provider);
    const before = await act(alice);
    expect(await other.user(before.request("/"))).toBeUndefined();
    expect(await other.user(alice.request("/"))).toMatchObject({ subject: "user-1" });
  });

  test.each(orders)(
    "leaves no tokens after %s, also where a cookie is all there is of it",
    async (_, act) => {
      const web = siteAt(provider);
      const alice = visitorOf(web, provider);
      const before = await act(alice);
      const scopes = ["api:read"];
      provider.clock.advance(70);
      expect((await web.token(before.request("/"), { scopes })).accessToken).toBeUndefined();
      expect((await web.token(alice.request("/"), { scopes })).accessToken).toBe(
        "token of authorization_code",
      );
    },
  );
});

describe("its cookie", () => {
  test("holds no token, and shows nobody who the user is", async () => {
    const { alice } = await signedIn({ claims: ["email"] }, { email: "alice@contoso.example" });
    const text = decodeURIComponent(alice.cookies.get(session) ?? "");
    const parts = text.split(".").map((part) => Buffer.from(part, "base64url").toString("latin1"));
    for (const secretText of [...tokens.filter((it) => it !== "eyJ"), "alice@contoso.example", "user-1"])
      expect(parts.join(" ")).not.toContain(secretText);
  });

  test.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ["few claims", { roles: ["admin"], email: "a@b.example" }, ["roles", "email"]],
    [
      "a claim of 10 kB",
      { roles: ["admin"], groups: Array(300).fill("0123456789012345678901234567890123") },
      ["roles"],
    ],
    [
      "names of 10 kB",
      { roles: ["admin"], name: "n".repeat(10_000), preferred_username: "ü".repeat(10_000) },
      ["roles"],
    ],
    ["a session id of 3 kB", { sid: "s".repeat(3000), email: "a@b.example" }, ["email"]],
  ])("has less than 4 kB with %s, the first claims first", async (_, claims, kept) => {
    const { web, alice } = await signedIn({ claims: ["roles", "email", "groups"] }, claims);
    const cookie = alice.lastCookies().find((it) => it.startsWith(`${session}=`)) ?? "";
    expect(cookie.length).toBeGreaterThan(100);
    expect(cookie.length).toBeLessThan(4096);
    const user = await web.user(alice.request("/"));
    expect(Object.keys(user?.claims ?? {})).toEqual(kept);
  });

  test("is opened with every secret, and moves to the first one when it is used", async () => {
    const { alice } = await signedIn();
    const next = "another-secret-of-the-sessions-0123456789";
    const rotated = siteAt(provider, { session: { secrets: [next, secret] } });
    expect(await (await alice.visit("/", { at: rotated })).text()).toBe("Hello user-1");
    const onlyNew = siteAt(provider, { session: { secrets: [next] } });
    expect(await onlyNew.user(alice.request("/"))).toMatchObject({ subject: "user-1" });
    const onlyOld = siteAt(provider, { session: { secrets: [secret] } });
    expect(await onlyOld.user(alice.request("/"))).toBeUndefined();
  });

  test("is not taken for a flow's, nor a flow's for it", async () => {
    const { web, alice } = await signedIn();
    const bob = visitorOf(web, provider);
    await bob.begin();
    const [[name = "", flow = ""] = []] = bob.cookies;
    bob.cookies.clear();
    bob.cookies.set(session, flow);
    expect(await web.user(bob.request("/"))).toBeUndefined();
    bob.cookies.set(name, alice.cookies.get(session) ?? "");
    expect((await bob.visit("/auth/callback?code=x&state=y")).status).toBe(400);
  });

  test("with one letter changed anywhere is nobody's", async () => {
    const { web, alice } = await signedIn();
    const text = alice.cookies.get(session) ?? "";
    for (let at = 0; at < text.length - 1; at += 17) {
      const letter = text[at] === "A" ? "B" : "A";
      alice.cookies.set(session, text.slice(0, at) + letter + text.slice(at + 1));
      expect(await web.user(alice.request("/"))).toBeUndefined();
    }
  });
});

test("a page of a signed-in user is not kept by the browser, one that says how long stays as it is", async () => {
  const { web, alice } = await signedIn();
  const renewed = await web.renew(alice.request("/"), new Response("x"));
  expect(renewed.headers.get("cache-control")).toBe("no-store");
  const own = new Response("x", { headers: { "cache-control": "private, max-age=60" } });
  expect((await web.renew(alice.request("/"), own)).headers.get("cache-control")).toBe("private, max-age=60");
  provider.clock.advance(3600);
  const slid = await web.renew(alice.request("/"), Response.redirect("https://orders.example/next", 302));
  expect([slid.status, slid.headers.get("cache-control"), slid.headers.getSetCookie().length]).toEqual([
    302,
    "no-store",
    1,
  ]);
});
