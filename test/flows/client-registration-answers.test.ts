// A provider that answers a registration in every way: what is believed of it, and what stays secret.
// proves: core/src/endpoints/registration.ts, core/src/endpoints/registration-record.ts, node/src/client-registration.ts,
// proves: node/src/http/network-client.ts
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  deleteClientRegistration,
  LogLevel,
  readClientRegistration,
  registerClient,
  registeredClient,
  updateClientRegistration,
  type ClientRegistration,
  type NodeSystemOptions,
} from "@tessera/node";
import { startFakeProvider, type Answer, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
let another: FakeProvider;
const lines: string[] = [];
let system: NodeSystemOptions;
/** With a clock of its own, so that no test waits for the pause after the failures of another one. */
const ownSystem = (): NodeSystemOptions => ({
  proxy: false,
  clock: { now: () => Date.now() },
  loggerOptions: {
    logLevel: LogLevel.Trace,
    piiLoggingEnabled: true,
    loggerCallback: (_, line) => void lines.push(line),
  },
});
beforeAll(async () => {
  provider = await startFakeProvider();
  another = await startFakeProvider();
});
afterAll(() => Promise.all([provider.close(), another.close()]));
beforeEach(() => {
  system = ownSystem();
  provider.reset();
  another.reset();
  lines.length = 0;
  const registration_endpoint = `${provider.url}/register`;
  provider.answers.discovery = () => ({ body: provider.metadata({ registration_endpoint }) });
  provider.answers.registration = () => ({ status: 201, body: answer() });
});

const answer = (over: object = {}): object => ({
  client_id: "the-new-client",
  client_id_issued_at: 1_700_000_000,
  client_secret: "the-secret-of-the-new-client",
  client_secret_expires_at: 1_900_000_000,
  registration_access_token: "the-registration-access-token",
  registration_client_uri: `${provider.url}/register`,
  client_name: "Orders",
  ...over,
});
const register = (metadata: Readonly<Record<string, unknown>> = { client_name: "Orders" }) =>
  registerClient({ authority: provider.url, metadata, initialAccessToken: "the-initial-token", system });

test("the result is plain JSON, with the credentials apart from the metadata", async () => {
  const registration = await register();
  expect(JSON.parse(JSON.stringify(registration))).toEqual(registration);
  expect(registration).toEqual({
    issuer: provider.url,
    clientId: "the-new-client",
    clientIdIssuedAt: 1_700_000_000,
    clientSecret: "the-secret-of-the-new-client",
    clientSecretExpiresAt: 1_900_000_000,
    registrationAccessToken: "the-registration-access-token",
    registrationClientUri: `${provider.url}/register`,
    metadata: { client_name: "Orders" },
  });
  const { headers, body } = {
    headers: provider.requests.at(-1)?.headers,
    body: provider.requests.at(-1)?.form,
  };
  expect(headers).toMatchObject({
    authorization: "Bearer the-initial-token",
    "content-type": "application/json",
  });
  expect(Object.keys(body ?? {})).toEqual(['{"client_name":"Orders"}']);
});

test.each<[string, Answer]>([
  ["no client id", { status: 201, body: { client_name: "Orders" } }],
  ["a client id that is no text", { status: 201, body: { client_id: 1 } }],
  ["a page", { status: 200, body: "<html>" }],
  ["a list", { status: 201, body: [] }],
  [
    "a management URL at another provider",
    { status: 201, body: { client_id: "new", registration_client_uri: "https://evil.example/clients/new" } },
  ],
])("an answer with %s is refused", async (_, given) => {
  provider.answers.registration = () => given;
  await expect(register()).rejects.toMatchObject({ errorCode: "invalid_registration_response" });
});

test.each<[string, Answer, string]>([
  ["an error", { status: 400, body: { error: "invalid_redirect_uri" } }, "invalid_redirect_uri"],
  [
    "an error in a 200",
    { status: 200, body: { error: "invalid_client_metadata" } },
    "invalid_client_metadata",
  ],
  [
    "401 with a challenge",
    { status: 401, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' }, body: "" },
    "insufficient_scope",
  ],
  ["401 with nothing", { status: 401, body: "" }, "invalid_token"],
  ["a page with 503", { status: 503, body: "<html>" }, "server_error"],
  ["a redirect", { status: 302, headers: { location: "https://evil.example" }, body: "" }, "server_error"],
])("%s becomes an error of the provider's", async (_, given, errorCode) => {
  provider.answers.registration = () => given;
  await expect(register()).rejects.toMatchObject({ name: "ServerError", errorCode });
});

test("a provider without the endpoint is named as such", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  await expect(register()).rejects.toMatchObject({ errorCode: "openid_config_error" });
});

test("secrets that are replaced are taken over, others stay", async () => {
  const first = await register();
  provider.answers.registration = () => ({
    body: {
      client_id: "the-new-client",
      client_secret: "another",
      registration_access_token: "another-token",
    },
  });
  const read = await readClientRegistration({ registration: first, system });
  expect(read).toMatchObject({ clientSecret: "another", registrationAccessToken: "another-token" });
  expect(read).not.toHaveProperty("clientSecretExpiresAt");
  expect(read.registrationClientUri).toBe(first.registrationClientUri);
  provider.answers.registration = () => ({ body: { client_id: "the-new-client" } });
  expect(await readClientRegistration({ registration: read, system })).toMatchObject({
    clientSecret: "another",
  });
});

test.each<[string, object]>([
  ["another client", { client_id: "another" }],
  ["a URL elsewhere", { registration_client_uri: "https://evil.example/clients/new" }],
])("an answer about %s is refused", async (_, over) => {
  const registration = await register();
  provider.answers.registration = () => ({ body: answer(over) });
  await expect(readClientRegistration({ registration, system })).rejects.toMatchObject({
    errorCode: "invalid_registration_response",
  });
});

test("an update sends metadata only: no secret, no token, no times", async () => {
  const registration = await register();
  const metadata = { ...registration.metadata, client_secret: "mine", client_id_issued_at: 1 };
  await updateClientRegistration({ registration, metadata, system });
  const { method, form } = provider.requests.at(-1) ?? {};
  expect(method).toBe("PUT");
  expect(Object.keys(form ?? {})).toEqual(['{"client_name":"Orders","client_id":"the-new-client"}']);
});

test("secrets are in no error and no log line", async () => {
  const registration = await register();
  const secrets = ["the-initial-token", "the-registration-access-token", "the-secret-of-the-new-client"];
  provider.answers.registration = ({ headers }) => ({
    status: 400,
    body: { error: "invalid_token", error_description: `refused: ${String(headers["authorization"])}` },
  });
  const calls = [
    register(),
    readClientRegistration({ registration, system }),
    updateClientRegistration({ registration, metadata: {}, system }),
    deleteClientRegistration({ registration, system }),
  ];
  const errors = (await Promise.allSettled(calls)).map((call) =>
    call.status === "rejected" ? call.reason : call,
  );
  expect(errors.map((error: unknown) => error)).toEqual(
    errors.map(() => expect.objectContaining({ errorCode: "invalid_token" })),
  );
  const shown = `${errors.map((error: Error) => `${error.message} ${error.stack}`).join("\n")} ${lines.join("\n")}`;
  for (const secret of secrets) expect(shown).not.toContain(secret);
});

test.each<[string, () => Promise<unknown>]>([
  ["a private key", () => register({ jwks: { keys: [{ kty: "EC", d: "private" }] } })],
  ["a symmetric key", () => register({ jwks: { keys: [{ kty: "oct", k: "private" }] } })],
  ["no metadata", () => registerClient({ authority: provider.url, system } as never)],
  ["a registration that is none", () => readClientRegistration({ registration: {} as never, system })],
  [
    "a registration that cannot be managed",
    () =>
      readClientRegistration({ registration: { issuer: provider.url, clientId: "a", metadata: {} }, system }),
  ],
])("%s is refused before it is sent", async (_, call) => {
  await expect(call()).rejects.toMatchObject({ errorCode: "invalid_option" });
});

test("the app's network client sends what it can: it has no PUT and no DELETE", async () => {
  const registration = await register();
  const networkClient = { sendGetRequestAsync: async () => none, sendPostRequestAsync: async () => none };
  const none = { status: 200, headers: {}, body: answer() } as never;
  const own = { networkClient };
  expect((await readClientRegistration({ registration, system: own })).clientId).toBe("the-new-client");
  await expect(deleteClientRegistration({ registration, system: own })).rejects.toMatchObject({
    errorCode: "invalid_option",
  });
});

test("a registration configures an application at its own issuer only", async () => {
  const registration = await register();
  expect(registeredClient(registration)).toEqual({
    clientId: "the-new-client",
    clientSecret: "the-secret-of-the-new-client",
    oidcAuthority: provider.url,
    clientMetadata: {},
  });
  expect(registeredClient(registration, provider.url)).toEqual(registeredClient(registration));
  expect(() => registeredClient(registration, another.url)).toThrow(another.url);
  expect(() => registeredClient({} as ClientRegistration)).toThrow("registration");
  const app = new ConfidentialClientApplication({ auth: registeredClient(registration), system });
  const elsewhere = app.acquireTokenByClientCredential({ scopes: ["api"], authority: another.url });
  await expect(elsewhere).rejects.toMatchObject({ errorCode: "untrusted_authority" });
  expect(another.count("token")).toBe(0);
});
