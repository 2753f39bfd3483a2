// While a provider's documents cannot be fetched again, the last ones are used: discovery for a week, keys for a day.
// proves: core/src/authority/resolved-authority.ts, core/src/response/key-source.ts, core/src/http/unless-late.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { eventually } from "../support/eventually.js";
import { redeem, startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";
import { gate, type Gate } from "../support/gate.js";
import { createTestClock } from "../support/test-clock.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

let provider: FakeProvider;
let app: ConfidentialClientApplication;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  app = provider.confidential({ system: { retries: 0 } });
  await redeem(app);
});

const api = { scopes: ["api:read"], skipCache: true };
const asApp = () => app.acquireTokenByClientCredential(api);
const signIn = () => redeem(app);

describe.each([
  ["the discovery document", "discovery", asApp, 7 * DAY, "endpoints_resolution_error"],
  ["the keys", "keys", signIn, DAY, "invalid_id_token"],
] as const)("%s that cannot be fetched again", (_, endpoint, ask, lifetime, errorCode) => {
  it("is used up to its limit, asked for meanwhile, and not longer", async () => {
    const before = provider.count(endpoint);
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - 120);
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(provider.count(endpoint)).toBeGreaterThan(before);
    provider.clock.advance(121);
    await expect(ask()).rejects.toMatchObject({ errorCode });
  });

  it("is replaced as soon as the provider answers again, and its time runs anew", async () => {
    const { [endpoint]: good } = provider.answers;
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - HOUR);
    await ask();
    provider.answers[endpoint] = good;
    provider.clock.advance(600);
    await ask();
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - HOUR);
    expect(await ask()).toMatchObject({ fromCache: false });
  });
});

describe.each([
  ["discovery document", "discovery", asApp, 7 * DAY],
  ["keys", "keys", signIn, DAY],
] as const)("while the provider hangs, the last %s", (_, endpoint, ask, lifetime) => {
  let answer: Gate;
  beforeEach(() => {
    const { [endpoint]: good } = provider.answers;
    answer = gate();
    provider.answers[endpoint] = async (request) => {
      await answer.opened;
      return good(request);
    };
    provider.clock.advance(lifetime - HOUR);
  });
  afterEach(() => answer.open());

  it("are used soon, and by later calls at once", async () => {
    const before = provider.count(endpoint);
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(provider.count(endpoint)).toBe(before + 1);
  });

  it("are used by the next call when the only caller has left", async () => {
    const before = provider.count(endpoint);
    const controller = new AbortController();
    const { signal } = controller;
    const left =
      endpoint === "keys" ? redeem(app, { signal }) : app.acquireTokenByClientCredential({ ...api, signal });
    await eventually(() => provider.count(endpoint) > before);
    controller.abort();
    await expect(left).rejects.toMatchObject({ errorCode: "request_aborted" });
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(provider.count(endpoint)).toBe(before + 1);
  });
});

describe("the last discovery document", () => {
  it.each<[string, () => Answer]>([
    ["a page about maintenance in JSON", () => ({ body: { status: "maintenance" } })],
    ["a page about maintenance in HTML", () => ({ body: "<html>" })],
    ["a document whose issuer is a number", () => ({ body: provider.metadata({ issuer: 1 }) })],
  ])("is used while the provider answers with %s", async (_, answer) => {
    provider.answers.discovery = answer;
    provider.clock.advance(DAY + 1);
    expect(await asApp()).toMatchObject({ fromCache: false });
  });

  it("is not used in place of one that names another issuer", async () => {
    provider.answers.discovery = () => ({ body: provider.metadata({ issuer: "https://other.example" }) });
    provider.clock.advance(DAY + 1);
    await expect(asApp()).rejects.toMatchObject({ cause: { errorCode: "issuer_validation_failed" } });
  });

  it("that came while the clock was ten years ahead is fetched again after a day", async () => {
    let elapsed = 0;
    const wall = createTestClock(provider.clock.now());
    app = provider.confidential({ system: { clock: { ...wall, monotonic: () => elapsed } } });
    provider.answers.token = () => ({ body: provider.tokens({ id_token: undefined }) });
    wall.advance(3650 * DAY);
    await asApp();
    wall.advance(-3650 * DAY);
    elapsed = DAY * 1000;
    const before = provider.count("discovery");
    await asApp();
    expect(provider.count("discovery")).toBe(before + 1);
  });
});
