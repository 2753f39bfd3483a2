// What a host is sent, and what is made of its answer: by both libraries, in the same environment, the same.
// proves: node/src/managed-identity/app-service.ts, node/src/managed-identity/cloud-shell.ts, node/src/managed-identity/imds.ts
// proves: node/src/managed-identity/machine-learning.ts, node/src/managed-identity/source.ts, node/src/managed-identity/sources.ts
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  callBoth,
  ENVIRONMENTS,
  expectedFields,
  fieldsOf,
  ourApp,
  peersApp,
  setEnvironment,
  shown,
  type SourceName,
} from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";

const resource = "https://vault.azure.net";
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

let endpoint: MetadataEndpoint;
let restore = (): void => undefined;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
afterEach(() => restore());
afterAll(() => endpoint.close());

const SOURCES = [
  "AppService",
  "CloudShell",
  "DefaultToImds",
  "MachineLearning",
] as const satisfies SourceName[];

const SYSTEM_ASSIGNED = {
  "for a resource": [{ resource }],
  "for a scope": [{ resource: `${resource}/.default` }],
  twice: [{ resource }, { resource }],
  "twice, forced": [{ resource }, { resource, forceRefresh: true }, { resource }],
  "with claims": [{ resource }, { resource, claims }, { resource }],
};

describe.each(SOURCES)("%s", (name) => {
  test.each(Object.entries(SYSTEM_ASSIGNED))("is asked %s", async (_, calls) => {
    restore = setEnvironment(ENVIRONMENTS[name](endpoint.origin));
    endpoint.respond = () => ({ body: token() });
    const { theirs, ours } = await callBoth(endpoint, calls);
    expect(theirs.requests.length).toBeGreaterThan(0);
    expect(shown(ours)).toEqual(shown(theirs));
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test.each([
    [{ userAssignedClientId: "30000000-0000-4000-8000-00000000c11e" }],
    [{ userAssignedObjectId: "30000000-0000-4000-8000-000000000b1e" }],
    [{ userAssignedResourceId: "/subscriptions/a b/userAssignedIdentities/it&s" }],
  ])("is asked for the identity %j", async (managedIdentityIdParams) => {
    restore = setEnvironment(ENVIRONMENTS[name](endpoint.origin));
    const { theirs, ours } = await callBoth(endpoint, [{ resource }], { managedIdentityIdParams });
    expect(shown(ours)).toEqual(shown(theirs));
    if (theirs.requests.length === 0) {
      // The peer throws a plain Error for one of the sources.
      expect(String(ours.values[0])).toMatch(/Only client id is supported .* in MachineLearning|Cloud Shell/);
      expect(String(theirs.values[0])).toMatch(
        /Only client id is supported .* in MachineLearning|Cloud Shell/,
      );
    } else expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test("is told the capabilities of the client, with and without claims", async () => {
    restore = setEnvironment(ENVIRONMENTS[name](endpoint.origin));
    const { theirs, ours } = await callBoth(endpoint, [{ resource }, { resource, claims }], {
      clientCapabilities: ["CP1", "CP2"],
    });
    expect(theirs.requests.flatMap(({ query }) => query.filter(([key]) => key === "xms_cc"))).toEqual([
      ["xms_cc", "CP1,CP2"],
      ["xms_cc", "CP1,CP2"],
    ]);
    expect(shown(ours)).toEqual(shown(theirs));
  });

  test("is named by getManagedIdentitySource()", () => {
    restore = setEnvironment(ENVIRONMENTS[name](endpoint.origin));
    expect(peersApp().getManagedIdentitySource()).toBe(name);
    expect(ourApp().getManagedIdentitySource()).toBe(name);
  });
});
