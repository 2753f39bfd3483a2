// A token is verified once, and trusted no longer than a token that is verified each time: until it expires, or its key is no
// longer published. Keys are fetched as seldom as the client fetches them.
// proves: web/src/guard/accepted-tokens.ts, core/src/endpoints/access-tokens.ts
import { expect, test } from "@jest/globals";
import { jwk, keys } from "../../support/fake-provider.js";
import { guardedApi, outcome } from "../../support/guarded-api.js";

const issuer = "https://idp.example";
const KEYS = `GET ${issuer}/keys`;
function provider(published: { keys: object[] }, answers?: () => object) {
  return guardedApi({
    options: { issuer },
    script: {
      [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [KEYS]: answers ?? (() => ({ keys: published.keys })),
    },
    claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "Orders.Read" },
  });
}
const one = jwk(keys.one, { kid: "one" });
const two = jwk(keys.two, { kid: "two" });
const fetches = ({ network }: ReturnType<typeof provider>) =>
  network.requests.filter(({ line }) => line === KEYS).length;

test("a repeated token has the same caller, whose claims nobody can change for the next request", async () => {
  const api = provider({ keys: [one] });
  const token = api.token({ claims: { address: { city: "Bern" } } });
  const first = await api.call(token);
  const second = await api.call(token);
  expect(second.caller).toBe(first.caller);
  expect(() => Object.assign(first.caller?.claims ?? {}, { sub: "admin" })).toThrow(TypeError);
  expect(() => Object.assign(first.caller?.claims["address"] ?? {}, { city: "Rome" })).toThrow(TypeError);
});

test("a repeated token is refused from its expiry on, as a new one would be", async () => {
  const api = provider({ keys: [one] });
  const now = Math.floor(api.clock.now() / 1000);
  const token = api.token({ claims: { exp: now + 100 } });
  expect(outcome(await api.call(token))).toBe("user user-1");
  // OpenID Providers' clocks are given half a minute, to new and repeated tokens alike.
  api.clock.advance(99 + 31);
  expect(outcome(await api.call(token))).toBe("401 invalid_token");
  expect(outcome(await api.call(api.token()))).toBe("user user-1");
});

test("a repeated token is refused once its key is no longer published", async () => {
  const published = { keys: [one, two] };
  const api = provider(published);
  const token = api.token();
  expect(outcome(await api.call(token))).toBe("user user-1");
  published.keys = [two];
  api.clock.advance(599);
  expect(outcome(await api.call(token))).toBe("user user-1");
  api.clock.advance(2);
  expect(outcome(await api.call(token))).toBe("401 invalid_token");
  // When they were due, and once more because the key was not among them.
  expect(fetches(api)).toBe(3);
});

test("a key that somebody else's token has brought to light counts at once, also against a repeated token", async () => {
  const published = { keys: [one] };
  const api = provider(published);
  const token = api.token();
  expect(outcome(await api.call(token))).toBe("user user-1");
  published.keys = [two];
  const newer = api.token({ header: { kid: "two" }, key: keys.two.privateKey });
  expect(outcome(await api.call(newer))).toBe("user user-1");
  expect(outcome(await api.call(token))).toBe("401 invalid_token");
});

test("unknown keys are not asked for again and again", async () => {
  const api = provider({ keys: [one] });
  for (let i = 0; i < 20; i += 1)
    expect(outcome(await api.call(api.token({ header: { kid: `unknown-${i}` } })))).toBe("401 invalid_token");
  expect(fetches(api)).toBe(2);
});

test("while keys cannot be read, nothing is known of a token: the client may try again, and signs nobody in", async () => {
  let isDown = true;
  const api = provider({ keys: [one] }, () => {
    if (isDown) throw new Error("down");
    return { keys: [one] };
  });
  const { response, reason, cause } = await api.call(api.token());
  expect(response?.status).toBe(503);
  expect(response?.headers.get("www-authenticate")).toBeNull();
  expect(Number(response?.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(reason).toMatch(/keys|down/i);
  expect(cause).toBeInstanceOf(Error);
  isDown = false;
  api.clock.advance(60);
  expect(outcome(await api.call(api.token()))).toBe("user user-1");
  // Keys in memory are used for a day.
  isDown = true;
  api.clock.advance(3600);
  expect(outcome(await api.call(api.token()))).toBe("user user-1");
});

test("a token with a key that is not known is not refused while the keys cannot be read", async () => {
  let answer = (): object => ({ keys: [one] });
  const api = provider({ keys: [] }, () => answer());
  expect(outcome(await api.call(api.token()))).toBe("user user-1");
  answer = () => {
    throw new Error("down");
  };
  const token = api.token({ header: { kid: "two" }, key: keys.two.privateKey });
  // The failure and, in the pause after it, a copy.
  let retryAfter = 0;
  for (let i = 0; i < 2; i += 1) {
    const { response } = await api.call(token);
    expect(response?.status).toBe(503);
    retryAfter = Number(response?.headers.get("retry-after"));
  }
  expect(retryAfter).toBeGreaterThan(0);
  expect(outcome(await api.call(api.token()))).toBe("user user-1");
  answer = () => ({ keys: [one, two] });
  api.clock.advance(retryAfter);
  expect(outcome(await api.call(token))).toBe("user user-1");
});
