// An app proves itself with the managed identity of its host, in its own tenant or another, in every cloud.
// proves: node/src/credential/managed-identity-assertion.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ConfidentialClientApplication, managedIdentityAssertion } from "@tessera/node";
import { ENVIRONMENTS, setEnvironment } from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";
import { recordedNetwork } from "../support/recorded-network.js";

const tenant = "20000000-0000-4000-8000-00000000c0de";
const clientId = "30000000-0000-4000-8000-00000000ca11";
const scopes = ["https://graph.microsoft.com/.default"];

let endpoint: MetadataEndpoint;
let restore = (): void => undefined;
let identities = 0;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
beforeEach(() => {
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  endpoint.requests.length = 0;
  endpoint.respond = () => ({ body: token({ access_token: `identity ${endpoint.requests.length}` }) });
});
afterEach(() => restore());
afterAll(() => endpoint.close());

/** An identity of its own for each test, because the process shares the cache. */
const identity = () => ({ clientId: `identity-${(identities += 1)}` });
const asked = (name: string) =>
  endpoint.requests.map(({ query }) => query.find(([parameter]) => parameter === name)?.[1]);

/** The app at a host that answers with tokens; the first assertions are refused. */
function appAt(host: string, clientAssertion: ReturnType<typeof managedIdentityAssertion>, refusals = 0) {
  let left = refusals;
  const network = recordedNetwork(() => {
    left -= 1;
    return left >= 0
      ? { status: 401, body: { error: "invalid_client", error_description: "AADSTS700024" } }
      : { body: { access_token: "an app token", token_type: "Bearer", expires_in: 3600 } };
  });
  const auth = { clientId, authority: `https://${host}/${tenant}`, clientAssertion };
  const app = new ConfidentialClientApplication({ auth, system: { networkClient: network } });
  const assertions = () => network.requests.map(({ form }) => form.get("client_assertion"));
  return { app, assertions };
}

test("the token of the identity is the assertion; it is cached for every tenant, and not fetched for a cached token", async () => {
  const { app, assertions } = appAt("login.microsoftonline.com", managedIdentityAssertion(identity()));
  await app.acquireTokenByClientCredential({ scopes });
  await app.acquireTokenByClientCredential({ scopes, tenantId: "fabrikam.example" });
  await app.acquireTokenByClientCredential({ scopes });
  expect(assertions()).toEqual(["identity 1", "identity 1"]);
  expect(asked("resource")).toEqual(["api://AzureADTokenExchange"]);
});

test.each([
  ["login.microsoftonline.com", "api://AzureADTokenExchange"],
  ["login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"],
  ["login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"],
  ["login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"],
])("at %s the audience is %s", async (host, audience) => {
  const { app } = appAt(host, managedIdentityAssertion(identity()));
  await app.acquireTokenByClientCredential({ scopes });
  expect(asked("resource")).toEqual([audience]);
});

test("an audience of the app's own is used in its place", async () => {
  const { app } = appAt(
    "login.microsoftonline.us",
    managedIdentityAssertion({ ...identity(), audience: "api://own" }),
  );
  await app.acquireTokenByClientCredential({ scopes });
  expect(asked("resource")).toEqual(["api://own"]);
});

test.each([
  [{ clientId: "a-client" }, "client_id", "a-client"],
  [{ objectId: "an-object" }, "object_id", "an-object"],
  [{ resourceId: "/a/b" }, "mi_res_id", "/a/b"],
])("the identity %j is named to the host", async (options, parameter, id) => {
  const { app } = appAt("login.microsoftonline.com", managedIdentityAssertion(options));
  await app.acquireTokenByClientCredential({ scopes });
  expect(asked(parameter)).toEqual([id]);
});

test("an assertion that the server refuses is fetched once more", async () => {
  const { app, assertions } = appAt("login.microsoftonline.com", managedIdentityAssertion(identity()), 1);
  expect(await app.acquireTokenByClientCredential({ scopes })).toMatchObject({ accessToken: "an app token" });
  expect(assertions()).toEqual(["identity 1", "identity 2"]);
});

test("an error of the host reaches the caller as it is", async () => {
  const body = { error: "invalid_request", error_description: "Identity not found" };
  endpoint.respond = () => ({ status: 400, body });
  const { app, assertions } = appAt("login.microsoftonline.com", managedIdentityAssertion(identity()));
  await expect(app.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
    errorCode: "invalid_request",
    errorMessage: expect.stringContaining("Identity not found"),
  });
  expect(assertions()).toEqual([]);
});

describe("refused are", () => {
  test.each([
    ["two ids", { clientId: "a", objectId: "b" }, "invalid_managed_identity_id_type"],
    ["an empty audience", { audience: "" }, "invalid_option"],
    ["an audience that is a number", { audience: 1 as never }, "invalid_option"],
  ])("%s", (_, options, errorCode) => {
    expect(() => managedIdentityAssertion(options)).toThrow(expect.objectContaining({ errorCode }));
  });
});
