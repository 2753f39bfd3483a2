// What decides on the token goes along on every leg: the API that Auth0 calls audience, the organization.
// proves: core/src/flows/device-authorization.ts, core/src/flows/authorization-url.ts
import { expect, it } from "@jest/globals";
import { accountOf } from "../support/entra.js";
import { documents, wildProvider } from "../support/wild-provider.js";

const audience = "https://api.example/";
const scopes = ["read:reports"];
const request = { scopes, extraParameters: { audience, organization: "org_1" } };
const auth0 = () =>
  wildProvider({
    document: documents.auth0,
    method: "client_secret_basic",
    answer: (good, form) => ({
      ...good,
      access_token: `for ${form.get("audience")}`,
      refresh_token: "a-refresh-token",
    }),
  });

it("extra parameters stand in the authorization URL, the redemption and the refresh", async () => {
  const provider = auth0();
  const app = provider.confidential();
  const account = accountOf(await provider.signIn(app, request));
  expect(provider.asked()).toMatchObject(request.extraParameters);
  await app.acquireTokenSilent({ ...request, account, forceRefresh: true });
  for (const { form } of provider.tokenRequests()) expect(form).toMatchObject(request.extraParameters);
});

it("extra parameters stand in the request for a device code, and in the polls", async () => {
  const provider = wildProvider({ document: documents.auth0, method: "none" });
  const app = provider.publicClient();
  await app.acquireTokenByDeviceCode({ ...request, deviceCodeCallback: () => undefined });
  expect(provider.requests).toHaveLength(2);
  for (const { form } of provider.requests) expect(form).toMatchObject(request.extraParameters);
});

it("tokens of two audiences are two, of an app and of a user", async () => {
  const provider = auth0();
  const app = provider.confidential();
  const other = { ...request, extraParameters: { audience: "https://other.example/" } };
  const account = accountOf(await provider.signIn(app, request));
  await provider.signIn(app, other);
  for (const one of [request, other]) {
    const expected = { accessToken: `for ${one.extraParameters.audience}` };
    expect(await app.acquireTokenSilent({ ...one, account })).toMatchObject({ ...expected, fromCache: true });
    expect(await app.acquireTokenByClientCredential(one)).toMatchObject({ ...expected, fromCache: false });
    expect(await app.acquireTokenByClientCredential(one)).toMatchObject({ ...expected, fromCache: true });
  }
});

it("extra parameters never replace the protocol's own", async () => {
  const provider = auth0();
  const extraParameters = { state: "another", client_id: "another", scope: "admin", grant_type: "password" };
  await provider.signIn(provider.confidential(), { scopes, extraParameters });
  expect(provider.asked()).toMatchObject({ client_id: "the-client" });
  expect(provider.asked()["state"]).not.toBe("another");
  expect(provider.tokenRequests()[0]?.form).toMatchObject({ grant_type: "authorization_code" });
});
