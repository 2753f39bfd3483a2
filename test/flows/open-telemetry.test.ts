// An application that registers an OpenTelemetry SDK sees what the library does and how long it takes. Nothing that it sees
// names a user, a tenant or a scope, unless it asks for that.
// proves: core/src/observer.ts, core/src/exchange/look-up-notes.ts, core/src/exchange/observed-request.ts,
// core/src/http/attempt.ts, node/src/telemetry/telemetry.ts, node/src/telemetry/instruments.ts,
// node/src/telemetry/open-telemetry-observer.ts, node/src/telemetry/checked-attributes.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  createMemoryTokenStore,
  type ConfidentialClientApplication,
  type TokenCacheContext,
  type TokenStore,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { eventually } from "../support/eventually.js";
import { redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { collectTelemetry, type Collected } from "../support/open-telemetry.js";

let provider: FakeProvider;
let seen: Collected;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  seen = collectTelemetry();
});
afterEach(async () => {
  provider.reset();
  await seen.stop();
});

const port = () => Number(new URL(provider.url).port);
const spanOf = (name: string) => {
  const found = seen.spans().find((span) => span.name === name);
  if (!found)
    throw new Error(
      `no span ${name}, only ${seen
        .spans()
        .map((span) => span.name)
        .join(", ")}`,
    );
  return found;
};
const appToken = (app: ConfidentialClientApplication) =>
  app.acquireTokenByClientCredential({ scopes: ["api"] });

describe("a span", () => {
  it("is around each call, and below it are the steps and their requests", async () => {
    await redeem(provider.confidential());
    const operation = spanOf("tessera.acquireTokenByCode");
    expect(operation.parentSpanContext).toBeUndefined();
    expect(operation.attributes).toMatchObject({ "tessera.token.source": "network" });
    expect(seen.below(operation)).toEqual([
      "tessera.discovery",
      "tessera.key_fetch",
      "tessera.token_request",
    ]);
    expect(spanOf("tessera.token_request")).toMatchObject({
      kind: SpanKind.INTERNAL,
      attributes: {
        "server.address": "localhost",
        "tessera.grant_type": "authorization_code",
        "tessera.cache.miss_reason": "uncached",
      },
    });
    for (const name of ["discovery", "key_fetch", "token_request"])
      expect(seen.below(spanOf(`tessera.${name}`))).toEqual([name === "token_request" ? "POST" : "GET"]);
    expect(spanOf("POST")).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "localhost",
        "server.port": port(),
      },
      status: { code: SpanStatusCode.UNSET },
    });
  });

  it("is around a token from memory", async () => {
    const app = provider.confidential();
    await appToken(app);
    seen.reset();
    await appToken(app);
    expect(seen.spans().map(({ name, attributes }) => [name, attributes["tessera.token.source"]])).toEqual([
      ["tessera.acquireTokenByClientCredential", "memory"],
    ]);
  });

  it("says by its code why a call fails, and quotes no text", async () => {
    provider.answers.token = () => ({
      status: 400,
      body: { error: "invalid_grant", error_description: "alice@contoso.example has left" },
    });
    await expect(redeem(provider.confidential())).rejects.toThrow("has left");
    const failed = { attributes: { "error.type": "invalid_grant" }, status: { code: SpanStatusCode.ERROR } };
    expect(spanOf("tessera.acquireTokenByCode")).toMatchObject(failed);
    expect(spanOf("tessera.token_request")).toMatchObject(failed);
    expect(spanOf("POST").attributes).toMatchObject({
      "http.response.status_code": 400,
      "error.type": "400",
    });
    expect(await seen.text()).not.toContain("alice");
  });

  it("does not record text that a provider sends instead of an error code", async () => {
    provider.answers.token = () => ({ status: 400, body: { error: "alice@contoso.example has left" } });
    await expect(redeem(provider.confidential())).rejects.toThrow("has left");
    expect(spanOf("tessera.acquireTokenByCode").attributes).toMatchObject({ "error.type": "ServerError" });
    await expect(appToken(provider.confidential())).rejects.toThrow("has left");
    expect(await seen.text()).not.toContain("alice");
  });

  it("says that there was no answer", async () => {
    provider.answers.token = () => ({ reset: true });
    await expect(appToken(provider.confidential())).rejects.toMatchObject({ errorCode: "network_error" });
    expect(spanOf("tessera.token_request").attributes).toMatchObject({ "error.type": "network_error" });
    expect(spanOf("POST").attributes["http.response.status_code"]).toBeUndefined();
  });
});

describe("a stored cache", () => {
  const later = <T>(value: T): Promise<T> => Promise.resolve(value);
  const plugin = () => {
    let text = "";
    return {
      beforeCacheAccess: async ({ tokenCache }: TokenCacheContext) =>
        tokenCache.deserialize(await later(text)),
      afterCacheAccess: async ({ cacheHasChanged, tokenCache }: TokenCacheContext) => {
        if (cacheHasChanged) text = await later(tokenCache.serialize());
      },
    };
  };
  /** Answers later, as a server does. */
  const store = (): TokenStore => {
    const memory = createMemoryTokenStore();
    return { ...memory, load: async (partition, held) => later(await memory.load(partition, held)) };
  };

  it.each([
    ["a plugin", "plugin", () => ({ cachePlugin: plugin() })],
    ["a store", "store", () => ({ store: store() })],
  ])("in %s is loaded and saved in spans, and is the second level", async (_, backend, cache) => {
    const app = provider.confidential({ cache: cache() });
    await appToken(app);
    const names = seen.spans().map(({ name }) => name);
    expect(names).toContain("tessera.cache_load");
    expect(names.filter((name) => name === "tessera.cache_save")).toHaveLength(1);
    expect(spanOf("tessera.cache_save").attributes).toEqual({ "tessera.cache.backend": backend });
    seen.reset();
    await appToken(app);
    expect(seen.below(spanOf("tessera.acquireTokenByClientCredential"))).toEqual(["tessera.cache_load"]);
    expect(await seen.metric("tessera.cache.hits")).toEqual([
      { attributes: { "tessera.cache.level": "second" }, value: 1 },
    ]);
    const durations = await seen.metric("tessera.cache.duration");
    expect(durations.map(({ attributes }) => attributes)).toEqual(
      expect.arrayContaining(
        ["load", "save"].map((operation) => ({
          "tessera.cache.backend": backend,
          "tessera.cache.operation": operation,
        })),
      ),
    );
  });
});

describe("a metric", () => {
  it("counts hits by level, and misses by their reason", async () => {
    const app = provider.confidential();
    await appToken(app);
    await appToken(app);
    await app.acquireTokenByClientCredential({ scopes: ["api"], skipCache: true });
    provider.clock.advance(3500);
    await appToken(app);
    expect(await seen.metric("tessera.cache.hits")).toEqual([
      { attributes: { "tessera.cache.level": "first" }, value: 1 },
    ]);
    const reasons = (await seen.metric("tessera.cache.misses")).map(({ attributes, value }) => [
      attributes["tessera.cache.miss_reason"],
      value,
    ]);
    expect(reasons).toEqual([
      ["not_found", 1],
      ["forced", 1],
      ["expired", 1],
    ]);
    expect(await seen.metric("tessera.token.renewals")).toEqual([
      { attributes: { "tessera.renewal.in_background": false }, value: 1 },
    ]);
  });

  it("tells a renewal that a caller waits for from one in the background, also of a token that is served stale", async () => {
    let ended = 0;
    const app = provider.confidential({ system: { retries: 0, onBackgroundRenewal: () => (ended += 1) } });
    await appToken(app);
    provider.clock.advance(3400);
    provider.answers.token = () => ({ reset: true });
    for (const renewals of [0, 1]) {
      expect(await appToken(app)).toMatchObject({ isStale: true });
      await eventually(() => ended === renewals);
      provider.clock.advance(1);
    }
    const renewals = (await seen.metric("tessera.token.renewals")).map(({ attributes, value }) => [
      attributes["tessera.renewal.in_background"],
      value,
    ]);
    expect(renewals).toEqual([
      [false, 1],
      [true, 1],
    ]);
  });

  it.each([
    ["429", { status: 429 }],
    ["503", { status: 503, headers: { "retry-after": "10" } }],
  ])("counts an answer %s that asks for a pause", async (status, answer) => {
    provider.answers.token = () => ({ ...answer, body: {} });
    await expect(appToken(provider.confidential())).rejects.toThrow();
    expect(await seen.metric("tessera.throttled")).toEqual([
      { attributes: { "server.address": "localhost", "error.type": status }, value: expect.any(Number) },
    ]);
  });

  it("counts each request that is sent again, and why", async () => {
    const clock = { now: () => provider.clock.now(), sleep: async () => undefined };
    const app = provider.confidential({ system: { clock } });
    provider.answers.token = () => ({ status: 500, body: {} });
    await expect(appToken(app)).rejects.toThrow();
    expect(await seen.metric("tessera.retries")).toEqual([
      { attributes: { "server.address": "localhost", "error.type": "500" }, value: 2 },
    ]);
  });

  it("measures the calls, their requests, and the lifetime that is left of what they return", async () => {
    const app = provider.confidential();
    await appToken(app);
    provider.clock.advance(1000);
    await appToken(app);
    const operations = await seen.metric("tessera.operation.duration");
    expect(operations.map(({ attributes, count }) => [attributes["tessera.token.source"], count])).toEqual([
      ["network", 1],
      ["memory", 1],
    ]);
    expect(await seen.metric("http.client.request.duration")).toEqual(
      [
        ["GET", 2],
        ["POST", 1],
      ].map(([method, count]) => ({
        attributes: {
          "http.request.method": method,
          "http.response.status_code": 200,
          "server.address": "localhost",
          "server.port": port(),
        },
        count,
        sum: expect.any(Number),
      })),
    );
    const left = await seen.metric("tessera.token.remaining_lifetime");
    expect(
      left.map(({ attributes, sum }) => [attributes["tessera.token.source"], Math.round((sum ?? 0) / 100)]),
    ).toEqual([
      ["network", 36],
      ["memory", 26],
    ]);
  });

  it("names no tenant, scope or user, unless the app asks for it", async () => {
    const signedIn = async (metricAttributes?: ("tenant" | "scopes" | "user")[]) => {
      const app = provider.confidential({ telemetry: { ...(metricAttributes ? { metricAttributes } : {}) } });
      const account = accountOf(await redeem(app));
      await app.acquireTokenSilent({ scopes, account });
    };
    await signedIn();
    expect(await seen.text()).not.toMatch(/user-1|api:read/);
    await signedIn(["scopes", "user"]);
    expect(await seen.metric("tessera.cache.hits")).toContainEqual({
      attributes: { "tessera.cache.level": "first", "tessera.scopes": scopes.join(" "), "user.id": "user-1" },
      value: 1,
    });
  });

  it.each([[["user", "password"]], ["tenant"]])(
    "is not given an attribute that nobody knows: %j",
    (metricAttributes) => {
      expect(() =>
        provider.confidential({ telemetry: { metricAttributes: metricAttributes as never } }),
      ).toThrow(/telemetry.metricAttributes/);
    },
  );
});

describe("an SDK", () => {
  it("that is registered after the application was created sees its next calls", async () => {
    await seen.stop();
    const app = provider.confidential();
    await appToken(app);
    seen = collectTelemetry();
    await appToken(app);
    expect(seen.spans().map(({ name }) => name)).toEqual(["tessera.acquireTokenByClientCredential"]);
  });

  it("that is no longer registered sees nothing, and the application goes on", async () => {
    const app = provider.confidential();
    await appToken(app);
    const before = seen.spans().length;
    await seen.stop();
    expect((await appToken(app)).fromCache).toBe(true);
    expect(seen.spans()).toHaveLength(before);
  });
});
