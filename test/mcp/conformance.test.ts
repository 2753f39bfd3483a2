// Every scenario of the MCP project's conformance suite about authorization, with a client of fifteen lines on
// `createResourceFetch`.
// proves: node/src/resource/create-resource-fetch.ts
import { beforeAll, expect, test } from "@jest/globals";
import { conformanceClient } from "./conformance-client.js";
import { runSuites, type ScenarioResult } from "./conformance-suite.js";

const scenarios = [
  "2025-03-26-oauth-endpoint-fallback",
  "2025-03-26-oauth-metadata-backcompat",
  "authorization-server-migration",
  "basic-cimd",
  "client-credentials-basic",
  "client-credentials-jwt",
  "dpop",
  "dpop-nonce",
  "enterprise-managed-authorization",
  "iss-normalized",
  "iss-not-advertised",
  "iss-supported",
  "iss-supported-missing",
  "iss-unexpected",
  "iss-wrong-issuer",
  "metadata-default",
  "metadata-issuer-mismatch",
  "metadata-var1",
  "metadata-var2",
  "metadata-var3",
  "offline-access-not-supported",
  "offline-access-scope",
  "pre-registration",
  "resource-mismatch",
  "scope-from-scopes-supported",
  "scope-from-www-authenticate",
  "scope-omitted-when-undefined",
  "scope-retry-limit",
  "scope-step-up",
  "token-endpoint-auth-basic",
  "token-endpoint-auth-none",
  "token-endpoint-auth-post",
  "wif-jwt-bearer",
];

let results: ReadonlyMap<string, ScenarioResult>;
beforeAll(async () => {
  results = await runSuites(["auth", "draft", "extensions", "backcompat"], conformanceClient);
}, 600_000);

test("the suite has these scenarios", () => {
  expect([...results.keys()].sort()).toEqual(scenarios.map((name) => `auth/${name}`));
});

test.each(scenarios)("auth/%s", (name) => {
  const { passed, failed, error } = results.get(`auth/${name}`) ?? {
    passed: 0,
    failed: [],
    error: undefined,
  };
  expect({ failed, error: failed.length > 0 ? error : undefined }).toEqual({ failed: [], error: undefined });
  expect(passed).toBeGreaterThan(0);
});
