// A token of the session, or what the user has to do for it: never an error that a handler has to know.
// proves: web/src/sign-in/session-token.ts, web/src/sign-in/user-must-act.ts, web/src/sign-in/step.ts
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { WebSignIn } from "@tessera/web";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { site, siteAt, visitorOf, type Visit, type Visitor } from "../support/web-visitor.js";

let provider: FakeProvider;
let web: WebSignIn;
let alice: Visitor;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  web = siteAt(provider);
  alice = visitorOf(web, provider);
  await alice.signIn({ claims: { preferred_username: "alice@contoso.example" } });
  provider.clock.advance(100);
});

const scopes = ["api:read"];
const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const refuse = (error: string, more: object = {}) => {
  provider.answers.token = () => ({ status: 400, body: { error, ...more } });
};
const script: Visit = {
  headers: {
    accept: "application/json",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    referer: `${site}/orders?of=mine`,
  },
};
/** What the sign-in asks for that a response leads to. */
const followed = async (response: Response | undefined): Promise<URLSearchParams> => {
  const url = new URL(response?.headers.get("location") ?? "about:blank");
  expect(url.origin + url.pathname).toBe(`${site}/auth/sign-in`);
  return alice.begin(url.pathname + url.search);
};

test("an expired token is renewed silently, for other scopes as well", async () => {
  provider.answers.token = ({ form }) => ({
    body: provider.tokens(
      { access_token: `${form["grant_type"] ?? ""} ${form["scope"] ?? ""}`, scope: form["scope"] },
      { claims: { nonce: undefined } },
    ),
  });
  const { accessToken } = await web.token(alice.request("/"), { scopes: ["api:write"] });
  expect(accessToken).toMatch(/^refresh_token api:write\b/);
  provider.clock.advance(4000);
  expect(await web.token(alice.request("/"), { scopes })).toMatchObject({
    fromCache: false,
    tokenType: "Bearer",
  });
});

test("the challenge of an API is first tried silently, with its claims", async () => {
  provider.answers.token = () => ({
    body: provider.tokens({ access_token: "a stronger token" }, { claims: { nonce: undefined } }),
  });
  expect(await web.token(alice.request("/"), { scopes, claims })).toMatchObject({
    accessToken: "a stronger token",
  });
  const sent = provider.requests.filter(({ path }) => path === "/token").at(-1)?.form;
  expect(sent).toMatchObject({ grant_type: "refresh_token", claims });
});

test("then it becomes a sign-in with the claims, which comes back to where it was", async () => {
  refuse("interaction_required");
  const { response, accessToken } = await web.token(alice.request("/orders?of=mine"), { scopes, claims });
  expect(accessToken).toBeUndefined();
  const asked = await followed(response);
  expect(Object.fromEntries(asked)).toMatchObject({ claims, login_hint: "alice@contoso.example" });
  const back = await alice.answer(asked, { tokens: { access_token: "a stronger token" } });
  expect(back.headers.get("location")).toBe(`${site}/orders?of=mine`);
  expect(await web.token(alice.request("/"), { scopes })).toMatchObject({ accessToken: "a stronger token" });
});

test("scopes that the user has not granted become a sign-in that asks for them", async () => {
  refuse("consent_required");
  const { response } = await web.token(alice.request("/"), { scopes: ["api:admin"] });
  expect((await followed(response)).get("scope")?.split(" ")).toEqual(
    expect.arrayContaining(["api:read", "api:admin"]),
  );
});

test.each(["invalid_grant", "interaction_required", "login_required"])(
  "a provider that answers %s has the user sign in",
  async (error) => {
    provider.clock.advance(4000);
    refuse(error);
    await followed((await web.token(alice.request("/"), { scopes })).response);
  },
);

test("nobody is signed in: the same", async () => {
  alice.cookies.clear();
  await followed((await web.token(alice.request("/orders"), { scopes })).response);
});

test("behind a proxy, whose requests name the server and not the site, it comes back to the page as well", async () => {
  const behind = (path: string) => new Request(`http://10.0.0.7:3000${path}`, alice.request(path));
  alice.cookies.clear();
  const asked = await followed((await web.token(behind("/orders?of=mine"), { scopes })).response);
  expect((await alice.answer(asked)).headers.get("location")).toBe(`${site}/orders?of=mine`);
  const elsewhere = await followed(await web.signIn(behind("//evil.example/orders")));
  expect((await alice.answer(elsewhere)).headers.get("location")).toBe(`${site}/`);
});

test.each<[string, Visit]>([
  ["a script", script],
  ["a posted form of a script", { ...script, method: "POST", form: { a: "1" } }],
  ["a frame", { headers: { "sec-fetch-dest": "iframe", accept: "*/*", referer: `${site}/orders?of=mine` } }],
])("%s gets a 401 that says where to go, and comes back to the page that it was on", async (_, visit) => {
  refuse("interaction_required");
  const { response } = await web.token(alice.request("/api/orders", visit), { scopes, claims });
  expect(response?.status).toBe(401);
  const { error, signInUrl } = (await response?.json()) as Record<string, string>;
  expect(error).toBe("sign_in_required");
  expect(response?.headers.get("www-authenticate")).toBe(`Session sign_in="${signInUrl ?? ""}"`);
  const asked = await alice.begin(signInUrl);
  expect(asked.get("claims")).toBe(claims);
  expect((await alice.answer(asked)).headers.get("location")).toBe(`${site}/orders?of=mine`);
});

test("a posted form of a page gets a page with a link", async () => {
  const response = await web.signIn(alice.request("/orders", { method: "POST", form: { a: "1" } }));
  expect([response.status, await response.text()]).toEqual([401, expect.stringContaining("Sign in</a>")]);
});

test("the app itself may ask for more: a fresh sign-in, a level", async () => {
  const asked = await followed(
    await web.signIn(alice.request("/admin"), { acrValues: "gold", maxAge: 0, prompt: "login" }),
  );
  expect(Object.fromEntries(asked)).toMatchObject({ acr_values: "gold", max_age: "0", prompt: "login" });
});

test("a link from elsewhere cannot ask for more than the site does", async () => {
  const forged = [
    "scopes=api:admin",
    "claims=%7B%7D",
    "step=eyJzY29wZXMiOlsiYXBpOmFkbWluIl19",
    "prompt=none",
  ].join("&");
  const asked = await alice.begin(`/auth/sign-in?${forged}`);
  expect(asked.get("scope")).not.toContain("api:admin");
  expect([asked.get("claims"), asked.get("prompt")]).toEqual([null, null]);
});

test("a sign-in that has just asked for the same is not begun again: there is a page, and no circle", async () => {
  refuse("interaction_required");
  const { response } = await web.token(alice.request("/orders"), { scopes, claims });
  await alice.answer(await followed(response));
  refuse("interaction_required");
  const again = await web.token(alice.request("/orders"), { scopes, claims });
  expect([again.response?.status, await again.response?.text()]).toEqual([
    500,
    expect.stringContaining("interaction_required"),
  ]);
});

test("a process that has no tokens of the session says so, in place of a circle", async () => {
  await alice.signIn();
  const elsewhere = siteAt(provider);
  const { response } = await elsewhere.token(alice.request("/"), { scopes });
  expect([response?.status, await response?.text()]).toEqual([
    500,
    expect.stringContaining("tokens_not_kept"),
  ]);
});

test("what no user can mend is thrown: the provider is away", async () => {
  provider.clock.advance(4000);
  provider.answers.token = () => ({ status: 503 });
  await expect(web.token(alice.request("/"), { scopes })).rejects.toMatchObject({ name: "ServerError" });
});

test("tokens that a refresh brings of another user are refused", async () => {
  provider.clock.advance(4000);
  provider.answers.token = () => ({
    body: provider.tokens({}, { claims: { nonce: undefined, sub: "user-2" } }),
  });
  await expect(web.token(alice.request("/"), { scopes })).rejects.toMatchObject({
    errorCode: "invalid_id_token",
  });
});
