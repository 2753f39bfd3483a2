// What a host that refuses is turned into, and what the libraries refuse themselves: the same errors.
// proves: node/src/managed-identity/managed-identity-error.ts, node/src/managed-identity/answer.ts
import * as peer from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import * as tessera from "@tessera/node";
import {
  callBoth,
  ENVIRONMENTS,
  expectedFields,
  fieldsOf,
  ourApp,
  peersApp,
  setEnvironment,
} from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";

const resource = "https://vault.azure.net";

let endpoint: MetadataEndpoint;
let restore = (): void => undefined;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
afterEach(() => restore());
afterAll(() => endpoint.close());

/** What both throw for the answer of a host. */
async function refusals(
  body: object | string,
  status: number,
): Promise<{ readonly theirs: unknown; readonly ours: unknown }> {
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  endpoint.respond = () => ({ status, body });
  const { theirs, ours } = await callBoth(endpoint, [{ resource }]);
  return { theirs: theirs.values[0], ours: ours.values[0] };
}

describe("an error of the host is the same", () => {
  test.each([
    ["as of IMDS", 400, { error: "invalid_request", error_description: "Identity not found" }],
    [
      "as of IMDS, with codes",
      400,
      { error: "invalid_resource", error_description: "AADSTS50001", error_codes: [50001] },
    ],
    ["nested", 400, { error: { code: "ManagedIdentityNotFound", message: "not found" } }],
    [
      "nested, of Service Fabric",
      403,
      { error: { code: "SecretHeaderNotFound", message: "no secret", correlationId: "c" } },
    ],
    ["in a response that says 200", 200, { error: "invalid_request", error_description: "no" }],
    ["that asks for interaction", 400, { error: "interaction_required", error_description: "no" }],
  ])("%s", async (_, status, body) => {
    const { theirs, ours } = await refusals(body, status);
    expect(theirs).toBeInstanceOf(peer.AuthError);
    expect(ours).toBeInstanceOf(tessera.AuthError);
    expect(fieldsOf(ours)).toEqual(expectedFields(theirs));
    const text =
      (body.error as { message?: string }).message ??
      (body as { error_description?: string }).error_description;
    expect([String(theirs), String(ours)]).toEqual([
      expect.stringContaining(text as string),
      expect.stringContaining(text as string),
    ]);
  });

  test("except that App Service's own format, which has no code, is unknown_error in place of an empty text", async () => {
    const { theirs, ours } = await refusals(
      { statusCode: 400, message: "No identity", correlationId: "c" },
      400,
    );
    expect(theirs).toMatchObject({ name: "ServerError", errorCode: "" });
    expect(ours).toMatchObject({
      name: "ServerError",
      errorCode: "unknown_error",
      errorMessage: expect.stringContaining("No identity"),
    });
  });
});

describe("a response that the peer accepts, or fails on in its own code, is refused", () => {
  test.each<[string, number, object | string, unknown, string]>([
    ["without a token", 200, {}, "a result without a token", "invalid_token_response"],
    ["of HTML", 200, "<html>", "token_parsing_error", "invalid_token_response"],
    ["of HTML with an error", 400, "<html>", "token_parsing_error", "server_error"],
    ["with another type of token", 200, token({ token_type: "mac" }), "a result", "invalid_token_response"],
    ["with an error status and no words", 401, {}, "a result without a token", "server_error"],
    ["without an expiry", 200, token({ expires_on: undefined }), "a result", "invalid_token_response"],
  ])("%s", async (_, status, body, outcome, code) => {
    const { theirs, ours } = await refusals(body, status);
    const { accessToken, errorCode } = theirs as Record<string, unknown>;
    expect(errorCode ?? (accessToken ? "a result" : "a result without a token")).toBe(outcome);
    expect(ours).toMatchObject({ errorCode: code });
  });
});

test("a redirect is followed by the peer, with the secret of the host", async () => {
  const other = await startMetadataEndpoint();
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  endpoint.respond = () => ({ status: 307, headers: { location: `${other.origin}/` } });
  const { theirs, ours } = await callBoth(endpoint, [{ resource }]);
  expect(other.requests.map(({ headers }) => headers["x-identity-header"])).toEqual(["host-secret"]);
  expect(theirs.values).toMatchObject([{ accessToken: "a-token" }]);
  expect(ours.values).toMatchObject([{ errorCode: "invalid_token_response" }]);
  await other.close();
});

describe("a mistake of the app is the same", () => {
  test("more than one id", () => {
    const managedIdentityIdParams = { userAssignedClientId: "a", userAssignedObjectId: "b" };
    const errors = [peer, tessera].map((library) => {
      try {
        return new library.ManagedIdentityApplication({ managedIdentityIdParams });
      } catch (error) {
        return fieldsOf(error);
      }
    });
    expect(errors[1]).toEqual(errors[0]);
  });

  test("an empty id counts as absent", async () => {
    restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
    endpoint.respond = () => ({ body: token() });
    const managedIdentityIdParams = { userAssignedClientId: "" };
    const { theirs, ours } = await callBoth(endpoint, [{ resource }], { managedIdentityIdParams });
    expect(ours.requests.map(({ query }) => query)).toEqual(theirs.requests.map(({ query }) => query));
  });

  test("no resource", async () => {
    const { theirs, ours } = await callBoth(endpoint, [{ resource: "" }]);
    expect(fieldsOf(theirs.values[0])).toMatchObject({ errorCode: "empty_url_error" });
    expect(ours.values.map(fieldsOf)).toEqual(theirs.values.map(expectedFields));
  });

  test.each([
    [
      "IDENTITY_ENDPOINT",
      { IDENTITY_ENDPOINT: "not a url", IDENTITY_HEADER: "x" },
      "network_error",
      "identity_endpoint_url_malformed",
    ],
    ["MSI_ENDPOINT", { MSI_ENDPOINT: "not a url" }, "network_error", "msi_endpoint_url_malformed"],
    [
      "IMDS_ENDPOINT",
      { IDENTITY_ENDPOINT: "http://127.0.0.1:1", IMDS_ENDPOINT: "file:///x" },
      "network_error",
      "imds_endpoint_url_malformed",
    ],
    [
      "AZURE_POD_IDENTITY_AUTHORITY_HOST",
      { AZURE_POD_IDENTITY_AUTHORITY_HOST: "not a url" },
      "network_error",
      "azure_pod_identity_authority_host_url_malformed",
    ],
  ])(
    "%s that is no URL has the code that the peer has for it, but does not use",
    async (_, environment, theirCode, code) => {
      restore = setEnvironment(environment);
      const { theirs, ours } = await callBoth(endpoint, [{ resource }]);
      expect(theirs.values[0]).toMatchObject({ errorCode: theirCode });
      expect(ours.values[0]).toMatchObject({ name: "ManagedIdentityError", errorCode: code });
    },
  );
});

describe("the source is the same", () => {
  const one = "http://127.0.0.1:1";
  test.each<[Readonly<Record<string, string>>]>([
    [{}],
    [{ IDENTITY_ENDPOINT: one }],
    [{ IDENTITY_HEADER: "x" }],
    [{ IDENTITY_ENDPOINT: one, IDENTITY_HEADER: "x" }],
    [{ IDENTITY_ENDPOINT: one, IDENTITY_HEADER: "x", IDENTITY_SERVER_THUMBPRINT: "00" }],
    [{ IDENTITY_ENDPOINT: one, IDENTITY_SERVER_THUMBPRINT: "00" }],
    [{ IDENTITY_ENDPOINT: one, IMDS_ENDPOINT: one }],
    [
      {
        IDENTITY_ENDPOINT: one,
        IDENTITY_HEADER: "x",
        IMDS_ENDPOINT: one,
        MSI_ENDPOINT: one,
        MSI_SECRET: "s",
      },
    ],
    [{ MSI_ENDPOINT: one }],
    [{ MSI_SECRET: "s" }],
    [{ MSI_ENDPOINT: one, MSI_SECRET: "s" }],
    [{ MSI_ENDPOINT: one, IDENTITY_ENDPOINT: one, IMDS_ENDPOINT: one }],
    [{ AZURE_POD_IDENTITY_AUTHORITY_HOST: one }],
  ])("in %j", (environment) => {
    restore = setEnvironment(environment);
    expect(ourApp().getManagedIdentitySource()).toBe(peersApp().getManagedIdentitySource());
  });

  test("except that an empty variable counts as set there, for the name only", async () => {
    const requests = endpoint.requests.length;
    restore = setEnvironment({
      IDENTITY_ENDPOINT: "",
      IDENTITY_HEADER: "",
      AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint.origin,
    });
    expect(peersApp().getManagedIdentitySource()).toBe("AppService");
    expect(ourApp().getManagedIdentitySource()).toBe("DefaultToImds");
    await peersApp().acquireToken({ resource });
    expect(endpoint.requests.length).toBe(requests + 1);
  });

  test("by the same names", () => {
    expect(tessera.ManagedIdentitySourceNames).toEqual(peer.ManagedIdentitySourceNames);
  });
});
