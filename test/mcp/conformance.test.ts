// Every scenario of the MCP project's conformance suite about authorization, with a client of fifteen lines on
// `createResourceFetch`, and with the same one on `createMcpAuthProvider`: as many as a provider object allows.
// With `MCP_CONFORMANCE=full`, the provider's client runs all of them, and the pair of provider and `fetch` does so as well.
// proves: node/src/resource/create-resource-fetch.ts, mcp/src/create-mcp-auth-provider.ts
import { beforeAll, describe, expect, test } from "@jest/globals";
import { conformanceClient, pairClient, providerClient } from "./conformance-client.js";
import { runSuites, type ScenarioResult, type ScenarioRun } from "./conformance-suite.js";

/** Scenarios by the suites that have them. */
const suites = {
  auth: [
    "basic-cimd",
    "metadata-default",
    "metadata-var1",
    "metadata-var2",
    "metadata-var3",
    "pre-registration",
    "scope-from-scopes-supported",
    "scope-from-www-authenticate",
    "scope-omitted-when-undefined",
    "scope-retry-limit",
    "scope-step-up",
    "token-endpoint-auth-basic",
    "token-endpoint-auth-none",
    "token-endpoint-auth-post",
  ],
  draft: [
    "authorization-server-migration",
    "iss-normalized",
    "iss-not-advertised",
    "iss-supported",
    "iss-supported-missing",
    "iss-unexpected",
    "iss-wrong-issuer",
    "metadata-issuer-mismatch",
    "offline-access-not-supported",
    "offline-access-scope",
    "resource-mismatch",
  ],
  extensions: [
    "client-credentials-basic",
    "client-credentials-jwt",
    "dpop",
    "dpop-nonce",
    "enterprise-managed-authorization",
    "wif-jwt-bearer",
  ],
  backcompat: ["2025-03-26-oauth-endpoint-fallback", "2025-03-26-oauth-metadata-backcompat"],
};
type Suite = keyof typeof suites;

interface Way {
  readonly client: (run: ScenarioRun) => Promise<void>;
  /** By default all. */
  readonly suites?: readonly Suite[];
  /** Scenarios that the client's interface does not allow, with the reason. */
  readonly leftOut?: Readonly<Record<string, string>>;
}

const all = Object.keys(suites) as readonly Suite[];
const isFull = process.env["MCP_CONFORMANCE"] === "full";

const ways: Readonly<Record<string, Way>> = {
  createResourceFetch: { client: conformanceClient },
  "createMcpAuthProvider's authProvider": {
    client: providerClient,
    suites: isFull ? all : ["draft", "extensions"],
    leftOut: {
      "authorization-server-migration":
        "a token is refused within a minute of its issue, and the SDK does not say that it was accepted before",
      "scope-step-up": "the SDK does not tell the provider of a 403",
      dpop: "the SDK sends the token as Bearer",
      "dpop-nonce": "the SDK sends the token as Bearer, and without a proof",
    },
  },
  ...(isFull ? { "createMcpAuthProvider's authProvider and fetch": { client: pairClient } } : {}),
};

describe.each(Object.entries(ways))("%s", (_, { client, suites: run = all, leftOut = {} }) => {
  const scenarios = run.flatMap((suite) => suites[suite]);
  let results: ReadonlyMap<string, ScenarioResult>;
  beforeAll(async () => {
    results = await runSuites(run, client);
  }, 600_000);

  test("the suite has these scenarios", () => {
    expect([...results.keys()].sort()).toEqual(scenarios.map((name) => `auth/${name}`).sort());
  });

  test.each(scenarios)("auth/%s", (name) => {
    const { passed, failed, error } = results.get(`auth/${name}`) ?? {
      passed: 0,
      failed: [],
      error: undefined,
    };
    // A scenario that passes is not left out.
    if (name in leftOut) {
      expect(failed).not.toEqual([]);
      return;
    }
    expect({ failed, error: failed.length > 0 ? error : undefined }).toEqual({
      failed: [],
      error: undefined,
    });
    expect(passed).toBeGreaterThan(0);
  });
});
