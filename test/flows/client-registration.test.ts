// A client registers itself, and its registration is read, changed and deleted (RFC 7591, 7592), at a real OpenID Provider.
// proves: core/src/endpoints/registration.ts, core/src/endpoints/registration-record.ts, node/src/client-registration.ts
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  deleteClientRegistration,
  PublicClientApplication,
  readClientRegistration,
  registerClient,
  registeredClient,
  updateClientRegistration,
  type ClientRegistration,
} from "@tessera/node";
import { visit } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";

const initialAccessToken = "the-initial-access-token";
const system = { proxy: false } as const;
let provider: OpenIdProvider;
beforeAll(async () => {
  provider = await startOpenIdProvider({
    configure: (own) => ({
      ...own,
      features: {
        ...own.features,
        registration: { enabled: true, initialAccessToken },
        registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      },
    }),
  });
});
afterAll(() => provider.close());

const metadata = () => ({
  client_name: "Orders",
  application_type: "native",
  grant_types: ["authorization_code", "refresh_token"],
  redirect_uris: [provider.redirectUri],
});
const register = (over: object = {}): Promise<ClientRegistration> => {
  const all = { ...metadata(), ...over };
  return registerClient({ authority: provider.url, metadata: all, initialAccessToken, system });
};

test("a confidential client that has registered signs users in", async () => {
  const stored = JSON.stringify(await register());
  const registration = JSON.parse(stored) as ClientRegistration;
  expect(registration).toMatchObject({ issuer: provider.url, metadata: { client_name: "Orders" } });
  expect(registration.clientSecret?.length).toBeGreaterThan(20);
  const app = new ConfidentialClientApplication({ auth: registeredClient(registration), system });
  const { request, response } = await visit(provider, app);
  const { account } = await app.acquireTokenByCode(request, response);
  expect(account).toMatchObject({ homeAccountId: "olga@example.org" });
});

test("so does a public one, which gets no secret", async () => {
  const registration = await register({ token_endpoint_auth_method: "none" });
  expect(registration).not.toHaveProperty("clientSecret");
  const app = new PublicClientApplication({ auth: registeredClient(registration), system });
  const { request, response } = await visit(provider, app);
  expect((await app.acquireTokenByCode(request, response)).account).not.toBeNull();
});

test("the registration is read, changed and deleted, and its token rotated", async () => {
  const first = await register();
  const read = await readClientRegistration({ registration: first, system });
  expect(read).toEqual({ ...first, registrationAccessToken: read.registrationAccessToken });
  const changed = { ...read.metadata, client_name: "Orders, new" };
  const updated = await updateClientRegistration({ registration: read, metadata: changed, system });
  expect(updated.metadata).toMatchObject({ client_name: "Orders, new" });
  expect(updated.clientSecret).toBe(first.clientSecret);
  expect(updated.registrationAccessToken).not.toBe(read.registrationAccessToken);
  await expect(readClientRegistration({ registration: read, system })).rejects.toMatchObject({
    errorCode: "invalid_token",
  });
  await deleteClientRegistration({ registration: updated, system });
  await expect(readClientRegistration({ registration: updated, system })).rejects.toMatchObject({
    name: "ServerError",
    errorCode: "invalid_token",
  });
});

test.each<[string, object, string]>([
  ["a redirect URI that is none", { redirect_uris: ["not a URL"] }, "invalid_redirect_uri"],
  ["metadata that are not valid", { grant_types: ["magic"] }, "invalid_client_metadata"],
])("%s is an error with a code of its own", async (_, over, errorCode) => {
  await expect(register(over)).rejects.toMatchObject({ name: "ServerError", errorCode });
});

test("a caller without the initial access token is refused", async () => {
  const options = { authority: provider.url, metadata: metadata(), system };
  await expect(registerClient(options)).rejects.toMatchObject({ errorCode: "invalid_token", status: 401 });
  await expect(
    registerClient({ ...options, initialAccessToken: "a-token-that-nobody-gave" }),
  ).rejects.toMatchObject({ errorCode: "invalid_token" });
});
