// proves: core/src/process-wide.ts, core/src/flight/keyed-mutex.ts, core/src/cache/storage/plugin-session.ts,
// core/src/cache/storage/distributed-cache-plugin.ts, core/src/errors/errors.ts
// The ES module and the CommonJS module in one process act as one library: what must be one per process is.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { assertBuilt, packages, sources } from "../packages/workspace.js";
import { inOneProcess } from "../support/two-builds.js";

beforeAll(assertBuilt);

describe("two applications of the two builds", () => {
  it("that share a plugin lose no token", () => {
    const kept = inOneProcess(`
      const cachePlugin = plugin();
      const client = network();
      const apps = [make(esm, client, { cachePlugin }), make(cjs, client, { cachePlugin })];
      const asked = ["1", "2", "3", "4", "5", "6"].map((name, index) =>
        apps[index % 2].acquireTokenByClientCredential({ scopes: [name + "/.default"] }),
      );
      await Promise.all(asked);
      return Object.values(JSON.parse(cachePlugin.stored.text).AccessToken).map(({ target }) => target).sort();
    `);
    expect(kept).toEqual(["1", "2", "3", "4", "5", "6"].map((name) => `${name}/.default`));
  });

  it("that use the managed identity of the host share its tokens, and the requests for them", () => {
    const outcome = inOneProcess(`
      const { createServer } = await import("node:http");
      let requests = 0;
      const server = createServer((_, response) => {
        requests += 1;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ access_token: "token " + requests, expires_in: 3600, token_type: "Bearer" }));
      });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      process.env.IDENTITY_ENDPOINT = "http://127.0.0.1:" + server.address().port + "/token";
      process.env.IDENTITY_HEADER = "a-secret";
      const ask = (build, resource) => new build.ManagedIdentityApplication().acquireToken({ resource });
      const concurrent = await Promise.all([ask(esm, "one"), ask(cjs, "one"), ask(esm, "one"), ask(cjs, "one")]);
      const fromEsm = [await ask(esm, "two"), await ask(cjs, "two")];
      const fromCjs = [await ask(cjs, "three"), await ask(esm, "three")];
      server.close();
      server.closeAllConnections();
      return [...concurrent, ...fromEsm, ...fromCjs].map(({ accessToken }) => accessToken);
    `);
    const [one, two, three] = ["token 1", "token 2", "token 3"];
    expect(outcome).toEqual([one, one, one, one, two, two, three, three]);
  });

  it.each([
    ["plugin", "{ cachePlugin: plugin() }"],
    ["store", "{ store: esm.createMemoryTokenStore() }"],
  ])("that share a %s redeem a refresh token that works once only once", (_, cache) => {
    const outcome = inOneProcess(`
      const cache = ${cache};
      const client = network();
      const apps = [make(esm, client, cache), make(cjs, client, cache)];
      const { account } = await signIn(apps[0], "alice");
      client.requests.length = 0;
      const results = await Promise.allSettled(
        apps.map((app) => app.acquireTokenSilent({ scopes: ["two"], account })),
      );
      return { outcomes: results.map(({ status }) => status), refreshes: client.requests.length };
    `);
    expect(outcome).toEqual({ outcomes: ["fulfilled", "fulfilled"], refreshes: 1 });
  });
});

describe("a plugin of one build for an application of the other", () => {
  it.each([
    ["esm", "esm"],
    ["esm", "cjs"],
    ["cjs", "esm"],
  ])("saves under the account's key: application %s, plugin %s", (application, plugin) => {
    const keys = inOneProcess(`
      const values = new Map();
      const store = { get: async (key) => values.get(key) ?? "", set: async (key, value) => void values.set(key, value) };
      const partitions = { getKey: async () => "session", extractKey: async (account) => account.homeAccountId };
      const cachePlugin = new ${plugin}.DistributedCachePlugin(store, partitions);
      await signIn(make(${application}, network(), { cachePlugin }), "alice");
      return [...values.keys()];
    `);
    expect(keys).toEqual(["alice.20000000-0000-4000-8000-00000000c0de"]);
  });
});

describe("an error of the other build", () => {
  it("carries each caller's own correlation id, as one of its own does", () => {
    const ids = inOneProcess(`
      const app = make(esm, network(), {});
      app.SetAppTokenProvider(async () => {
        await delay(5);
        throw new cjs.ServerError("temporarily_unavailable", "the provider's");
      });
      const asked = ["one", "two"].map((correlationId) =>
        app.acquireTokenByClientCredential({ scopes: ["a/.default"], correlationId }),
      );
      const failed = await Promise.allSettled(asked);
      return failed.map(({ reason }) => [reason instanceof cjs.ServerError, reason.correlationId]);
    `);
    expect(ids).toEqual([
      [true, "one"],
      [true, "two"],
    ]);
  });
});

/** State of a module that each build may have for itself, and why. */
const OWN_STATE: Readonly<Record<string, string>> = {
  "correlation-id.ts head": "random: two builds make different ids",
  "correlation-id.ts tail": "random: two builds make different ids",
  "correlation-id.ts left": "random: two builds make different ids",
  "request-keys.ts identities": "tells functions apart in the flights of one application",
  "request-keys.ts lastIdentity": "tells functions apart in the flights of one application",
  "configuration-members.ts warned": "a warning may come twice",
  "http-clients.ts clients": "saves connections only",
  "kept-tokens.ts stores": "saves processes only: a tool that is asked twice answers twice",
  "background.ts signals": "a request is sent by the build that has marked its signal",
  "intercepted.ts own": "saves time only",
  "intercepted.ts examined": "saves time only",
  "endpoint.ts accepted": "saves time only",
  "secure-url.ts parsed": "saves time only",
  "verify-signature.ts keyObjects": "saves time only",
  "key-set.ts findersAmong": "saves time only",
  "system-tickets.ts opened": "saves time only: the library of the system is opened twice",
  "network-zone.ts reaches": "options are marked and read by the build that makes the application",
  "cross-app-application.ts names": "tells functions apart in the clients of one application",
  "cross-app-application.ts last": "tells functions apart in the clients of one application",
  "unreferenced.ts isSending": "a connection is made by the build that sends",
  "resource.ts known": "saves time only",
  "trusted-certificates.ts contexts": "saves time only",
  "key-failure.ts failures": "an error is marked and asked about in the same call",
  "held-turn.ts lost": "an error is marked and asked about in the same call",
  "turns.ts held": "a store hands out its turns, and gets them back",
  "app-tokens.ts ownPartitions": "saves time only",
  "node-crypto.ts loaded": "saves time only",
  "process-identity.ts own": "is worked out from the process, alike in both",
  "without-application.ts failures": "after a failure, each build makes its own pause",
};

it("no other state of a module goes unnoticed", () => {
  const state = packages
    .filter(({ manifest }) => manifest.name !== "@tessera/local-authority")
    .flatMap((one) => sources(one))
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(STATE)].map(
        ([, variable, collection]) => `${basename(file)} ${variable ?? collection ?? ""}`,
      ),
    );
  expect(state.sort()).toEqual(Object.keys(OWN_STATE).sort());
});

/** What a module changes later: a variable, or a collection that begins empty. */
const STATE =
  /^(?:export )?(?:let (\w+)|const (\w+)(?:: [^=\n]+)? = new (?:Weak)?(?:Map|Set|BoundedMap|KeyedMutex)\b[^(\n]*\(\))/gm;
