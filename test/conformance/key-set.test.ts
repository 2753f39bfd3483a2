// Signing keys: oidc.md §2 "Key choice", OpenID Connect Core §10.1.1, and the modules
// signing-key-rotation(-just-before-signing) of the conformance suite.
// proves: core/src/response/key-source.ts, core/src/response/key-set.ts, core/src/bounded-map.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  jwk,
  keys,
  redeem,
  secrets,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
});

const one = jwk(keys.one, { kid: "one" });
const two = jwk(keys.two, { kid: "two" });

/** The provider signs with its second key from now on, and publishes that one alone. */
function rotateKeys(): void {
  provider.answers.token = () => ({
    body: provider.tokens({}, { header: { kid: "two" }, key: keys.two.privateKey }),
  });
  provider.answers.keys = () => ({ body: { keys: [two] } });
}

describe("the provider's signing keys", () => {
  it("are fetched once, however many users sign in, one after the other or at once", async () => {
    const app = provider.confidential();
    await Promise.all(Array.from({ length: 20 }, (_, user) => redeem(app, { code: `code-${user}` })));
    await redeem(app);
    expect(provider.count("token")).toBe(21);
    expect(provider.count("keys")).toBe(1);
  });

  it("are fetched again when a signature names a new one", async () => {
    const app = provider.confidential();
    await redeem(app);
    rotateKeys();
    expect(await redeem(app)).toMatchObject({ fromCache: false });
    expect(provider.count("keys")).toBe(2);
    await redeem(app);
    expect(provider.count("keys")).toBe(2);
  });

  it("are fetched at once for a key that is not there, and then not within a minute, however many tokens name one", async () => {
    const app = provider.confidential();
    await redeem(app);
    const unknown = { header: { kid: "nobody's" }, key: keys.two.privateKey };
    provider.answers.token = () => ({ body: provider.tokens({}, unknown) });
    const refused = {
      errorCode: "invalid_id_token",
      message: expect.stringMatching(/has no key "nobody's"/),
    };
    provider.clock.advance(30);
    await Promise.all(
      Array.from({ length: 20 }, (_, user) =>
        expect(redeem(app, { code: `code-${user}` })).rejects.toMatchObject(refused),
      ),
    );
    expect(provider.count("keys")).toBe(2);
    provider.clock.advance(59);
    await expect(redeem(app)).rejects.toMatchObject({ ...refused, retryAfterSeconds: 1 });
    expect(provider.count("keys")).toBe(2);
    provider.clock.advance(1);
    await expect(redeem(app)).rejects.toMatchObject(refused);
    await expect(redeem(app)).rejects.toMatchObject(refused);
    expect(provider.count("keys")).toBe(3);
  });

  it("that are missing are not blamed on the algorithm", async () => {
    provider.answers.token = () => ({ body: provider.tokens({}, { header: { kid: "nobody's" } }) });
    await expect(redeem(provider.confidential())).rejects.toMatchObject({
      message: expect.not.stringMatching(/algorithm|signed_response_alg/),
    });
  });

  it("are not trusted for longer than ten minutes: a key that was withdrawn is refused", async () => {
    const app = provider.confidential();
    await redeem(app);
    provider.answers.keys = () => ({ body: { keys: [two] } });
    provider.clock.advance(599);
    await redeem(app);
    provider.clock.advance(1);
    await expect(redeem(app)).rejects.toMatchObject({ errorCode: "invalid_id_token" });
  });

  it.each<[string, unknown, number?]>([
    ["not JSON", "<html>keys</html>"],
    ["an empty object", {}],
    ["an object whose keys are a text", { keys: "one" }],
    ["a list of texts", { keys: ["one", null, 1] }],
    ["an empty list", { keys: [] }],
    ["an HTTP error", { keys: [one] }, 500],
    ["a redirect", { keys: [one] }, 302],
  ])("cannot be read when the answer is %s: the ID token is refused", async (_, body, status = 200) => {
    const app = provider.confidential();
    provider.answers.keys = () => ({ body, status, headers: { location: `${provider.url}/keys-elsewhere` } });
    const error: unknown = await redeem(app).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ClientAuthError", errorCode: "invalid_id_token" });
    expectNoSecretIn(error, secrets);
    await expectNothingKept(app);
    expect(provider.requests.map(({ path }) => path)).not.toContain("/keys-elsewhere");
  });

  it("are asked for twice more when the connection breaks, and then the sign-in fails as a network error", async () => {
    const app = provider.confidential();
    provider.answers.keys = () => ({ reset: true });
    await expect(redeem(app)).rejects.toMatchObject({ errorCode: "network_error" });
    expect(provider.count("keys")).toBe(3);
    await expectNothingKept(app);
    provider.reset();
    // Past the pause in which an equal call gets the last error again.
    provider.clock.advance(60);
    expect(await redeem(app)).toMatchObject({ fromCache: false });
  });
});
