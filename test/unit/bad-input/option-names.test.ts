// A function of Tessera's own refuses a name that is not one of its options, and lists those that are.
// proves: core/src/errors/invalid-option.ts, node/src/without-application.ts, node/src/resource/check-resource-options.ts
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { createMcpAuthProvider } from "@tessera/mcp";
import { createRedisStore } from "@tessera/redis";
import { createApiGuard, createWebSignIn } from "@tessera/web";
import { clientId, secretWord } from "./refusal.js";

const authority = "https://login.microsoftonline.com/b2f1a2de-5b4b-4a4c-8f0e-6b0f4d1c2a3e";
const app = () =>
  new tessera.ConfidentialClientApplication({ auth: { clientId, authority, clientSecret: "secret" } });
const issuer = "https://idp.example";
const registration = { issuer, clientId, metadata: {} };

/** What is called, with options that are complete, and the owner of the options as the error names it. */
const calls: readonly (readonly [owner: string, given: object, call: (options: never) => unknown])[] = [
  ["createTokenProvider", { scopes: ["a"] }, (options) => tessera.createTokenProvider(app(), options)],
  [
    "createAccessTokenVerifier",
    { authority, audience: "api://orders" },
    (options) => tessera.createAccessTokenVerifier(options),
  ],
  ["createDefaultCredential", {}, (options) => tessera.createDefaultCredential(options)],
  ["commandLineToken", {}, (options) => tessera.commandLineToken("gh", options)],
  ["managedIdentityAssertion", {}, (options) => tessera.managedIdentityAssertion(options)],
  ["azurePipelinesToken", {}, (options) => tessera.azurePipelinesToken(options)],
  ["auth0TokenVault", { connection: "google-oauth2" }, (options) => tessera.auth0TokenVault(options)],
  ["auth0", { domain: "contoso.example" }, (options) => tessera.auth0(options)],
  ["keycloak", { url: issuer, realm: "Staff" }, (options) => tessera.keycloak(options)],
  ["okta", { domain: "contoso.example" }, (options) => tessera.okta(options)],
  ["cognito", { userPoolId: "eu-west-1_Abc123" }, (options) => tessera.cognito(options)],
  ["zitadel", { domain: "contoso.example" }, (options) => tessera.zitadel(options)],
  ["registerClient", { authority: issuer, metadata: {} }, (options) => tessera.registerClient(options)],
  ["a client's registration", { registration }, (options) => tessera.readClientRegistration(options)],
  ["a client's registration", { registration }, (options) => tessera.deleteClientRegistration(options)],
  [
    "a client's registration",
    { registration, metadata: {} },
    (options) => tessera.updateClientRegistration(options),
  ],
  [
    "discoverProtectedResource",
    { resource: issuer },
    (options) => tessera.discoverProtectedResource(options),
  ],
  [
    "checkClientMetadataDocument",
    {},
    (options) => tessera.checkClientMetadataDocument(`${issuer}/c`, options),
  ],
  [
    "clientMetadataDocument",
    { clientId: `${issuer}/client.json`, name: "Contoso", redirectUris: ["http://localhost"] },
    (options) => tessera.clientMetadataDocument(options),
  ],
  [
    "a protected resource's client",
    { client: { name: "a" } },
    (options) => tessera.createResourceFetch(options),
  ],
  [
    "a protected resource's client",
    { client: { name: "a" } },
    (options) => tessera.createResourceTokens(options),
  ],
  ["client", {}, (client) => tessera.createResourceTokens({ client })],
  [
    "a protected resource's client",
    { serverUrl: issuer, client: { name: "a" } },
    (options) => createMcpAuthProvider(options),
  ],
  ["createRedisStore", {}, (options) => createRedisStore(options)],
  ["createWebSignIn", {}, (options) => createWebSignIn(options)],
  ["session", {}, (session) => createWebSignIn({ app: app(), baseUrl: issuer, session })],
  ["createApiGuard", {}, (options) => createApiGuard(options)],
  ["dpop", {}, (dpop) => createApiGuard({ baseUrl: issuer, issuer, audience: "a", dpop })],
  [
    "introspection",
    {},
    (introspection) => createApiGuard({ baseUrl: issuer, issuer, audience: "a", introspection }),
  ],
];

describe("a misspelt option is refused by", () => {
  it.each(calls)("%s", async (owner, given, call) => {
    const wrong = { ...given, tenantID: secretWord } as never;
    const refused = await Promise.resolve()
      .then(() => call(wrong))
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: "ClientConfigurationError", errorCode: "invalid_option" });
    const { message } = refused as Error;
    expect(message).toContain(`tenantID is not an option of ${owner}: use `);
    expect(message).not.toContain(secretWord);
  });
});

it("an option without a value is absent, whatever its name", () => {
  const options = { domain: "contoso.example", tenantID: undefined, other: null };
  expect(tessera.okta(options)).toEqual({ oidcAuthority: "https://contoso.example" });
});
