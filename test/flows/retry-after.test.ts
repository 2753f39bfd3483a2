// RFC 9110 §10.2.3: a server that asks to be left alone is left alone, by those it asked and by nobody else.
// proves: core/src/http/throttle.ts, core/src/http/transport.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { LogLevel, type AccountInfo, type ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { redeem, startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let app: ConfidentialClientApplication;
let ada: AccountInfo;
let bob: AccountInfo;
/** What the token endpoint answers to a user's refreshes. */
let busy: { readonly user?: string; readonly answer: Answer } | undefined;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  busy = undefined;
  provider.answers.token = ({ form }) => {
    const user = (form["code"] ?? form["refresh_token"] ?? "").replace("of-", "");
    const renews =
      form["grant_type"] !== "authorization_code" && form["scope"]?.split(" ").includes("api:read");
    if (busy && renews && (busy.user ?? user) === user) return busy.answer;
    if (!user) return { body: { access_token: "token-of-the-app", expires_in: 3600 } };
    return { body: tokensOf(user) };
  };
  app = provider.confidential();
  ada = accountOf(await redeem(app, { code: "of-ada" }));
  bob = accountOf(await redeem(app, { code: "of-bob" }));
  provider.clock.advance(3600);
});

const tokensOf = (user: string) =>
  provider.tokens({ refresh_token: `of-${user}`, access_token: `token-${user}` }, { claims: { sub: user } });
const renew = (account: AccountInfo, scope = "api:read") =>
  app.acquireTokenSilent({ scopes: [scope], account, forceRefresh: true });
const throttled = (headers: Record<string, string>, status = 429): Answer => ({
  status,
  headers,
  body: { error: "temporarily_unavailable", error_description: "busy" },
});
/** How many requests the calls sent. */
async function sentBy(calls: () => Promise<unknown>): Promise<number> {
  const before = provider.count("token");
  await calls();
  return provider.count("token") - before;
}
const refused = () =>
  expect(renew(ada)).rejects.toMatchObject({ name: "ServerError", errorCode: "temporarily_unavailable" });

describe("Retry-After", () => {
  it.each<[string, number, string | (() => string)]>([
    ["429, in seconds", 429, "30"],
    ["503, in seconds", 503, " 30 "],
    ["500, in seconds", 500, "30"],
    ["400, in seconds", 400, "30"],
    ["429, in seconds with a fraction", 429, "29.5"],
    ["429, in two headers", 429, "30, 5"],
    ["429, as a date", 429, () => new Date(provider.clock.now() + 30_500).toUTCString()],
  ])(
    "is kept with HTTP %s: the same user's same call gets the server's error at once",
    async (_, status, wanted) => {
      const value = typeof wanted === "string" ? wanted : wanted();
      busy = { user: "ada", answer: throttled({ "retry-after": value }, status) };
      expect(await sentBy(refused)).toBe(1);
      expect(await sentBy(refused)).toBe(0);
      provider.clock.advance(29);
      expect(await sentBy(refused)).toBe(0);
      busy = undefined;
      provider.clock.advance(2);
      expect(await sentBy(() => renew(ada))).toBe(1);
    },
  );

  it("holds back neither other users, nor other scopes, nor the app itself", async () => {
    busy = { user: "ada", answer: throttled({ "retry-after": "600" }) };
    await refused();
    expect(await renew(bob)).toMatchObject({ accessToken: "token-bob" });
    expect(await renew(ada, "api:write")).toMatchObject({ accessToken: "token-ada" });
    expect(await app.acquireTokenByClientCredential({ scopes: ["api:read"] })).toMatchObject({
      fromCache: false,
    });
    expect(await redeem(app, { code: "of-ada" })).toMatchObject({ accessToken: "token-ada" });
    expect(await sentBy(refused)).toBe(0);
  });

  it("holds back the app's own token only for the scopes that were asked for", async () => {
    busy = { answer: throttled({ "retry-after": "600" }) };
    const ask = (scope: string) => app.acquireTokenByClientCredential({ scopes: [scope] });
    await expect(ask("api:read")).rejects.toMatchObject({
      errorCode: "temporarily_unavailable",
      status: 429,
    });
    expect(await sentBy(() => expect(ask("api:read")).rejects.toMatchObject({ status: 429 }))).toBe(0);
    expect(await ask("api:write")).toMatchObject({ fromCache: false });
  });

  it("does not stop a token in the cache from being used", async () => {
    await renew(ada);
    busy = { user: "ada", answer: throttled({ "retry-after": "600" }) };
    await refused();
    expect(await app.acquireTokenSilent({ scopes: ["api:read"], account: ada })).toMatchObject({
      fromCache: true,
    });
  });

  it.each(["soon 5", "in 3 minutes", "-", " "])(
    "with %j, which says no time, is as if absent",
    async (value) => {
      busy = { user: "ada", answer: throttled({ "retry-after": value }) };
      await expect(renew(ada)).rejects.toMatchObject({ retryAfterSeconds: 60 });
    },
  );

  it.each(["0", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])("with %j asks for no pause", async (value) => {
    busy = { user: "ada", answer: throttled({ "retry-after": value }) };
    await expect(renew(ada)).rejects.not.toHaveProperty("retryAfterSeconds", 60);
    busy = undefined;
    expect(await sentBy(() => renew(ada))).toBe(1);
  });

  it("is not believed for longer than an hour", async () => {
    busy = { user: "ada", answer: throttled({ "retry-after": "999999999" }) };
    await refused();
    busy = undefined;
    provider.clock.advance(3599);
    expect(await sentBy(refused)).toBe(0);
    provider.clock.advance(1);
    expect(await renew(ada)).toMatchObject({ accessToken: "token-ada" });
  });

  it.each<[string, Record<string, string>, number]>([
    ["absent", {}, 503],
    ["a word", { "retry-after": "soon" }, 503],
    ["negative", { "retry-after": "-5" }, 429],
    ["zero", { "retry-after": "0" }, 429],
    ["in the past", { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 429],
  ])("that is %s holds nothing back", async (_, headers, status) => {
    busy = { user: "ada", answer: throttled(headers, status) };
    expect(await sentBy(refused)).toBe(1);
    expect(await sentBy(refused)).toBe(1);
  });

  it.each<[string, Record<string, string>]>([
    ["absent", {}],
    ["a word", { "retry-after": "soon" }],
  ])("that is %s stands for a minute with HTTP 429", async (_, headers) => {
    busy = { user: "ada", answer: throttled(headers) };
    expect(await sentBy(refused)).toBe(1);
    provider.clock.advance(59);
    expect(await sentBy(refused)).toBe(0);
    busy = undefined;
    provider.clock.advance(1);
    expect(await sentBy(() => renew(ada))).toBe(1);
  });

  it("counts although the only caller leaves before another attempt", async () => {
    const controller = new AbortController();
    const loggerCallback = (_: unknown, line: string) => {
      if (line.includes("sent again in")) controller.abort();
    };
    app = provider.confidential({
      system: { loggerOptions: { loggerCallback, logLevel: LogLevel.Verbose } },
    });
    const ask = (bounds = {}) => app.acquireTokenByClientCredential({ scopes: ["api:read"], ...bounds });
    provider.answers.token = () => throttled({ "retry-after": "2" }, 503);
    const left = expect(ask({ signal: controller.signal })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    expect(await sentBy(() => left)).toBe(1);
    const held = { errorCode: "temporarily_unavailable", retryAfterSeconds: 2 };
    expect(await sentBy(() => expect(ask()).rejects.toMatchObject(held))).toBe(0);
  });

  it("beside a token means nothing", async () => {
    busy = { user: "ada", answer: { headers: { "retry-after": "600" }, body: tokensOf("ada") } };
    expect(await sentBy(() => renew(ada))).toBe(1);
    busy = undefined;
    expect((await renew(ada)).fromCache).toBe(false);
  });
});
