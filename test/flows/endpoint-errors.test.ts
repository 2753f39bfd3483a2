// What counts as an error is the same at every endpoint: a member `error` that has a value, in JSON or in a form, whatever
// the status.
// proves: core/src/exchange/endpoint-error.ts, core/src/http/answer-body.ts, core/src/endpoints/at-provider.ts
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { registerClient } from "@tessera/node";
import { startFakeProvider, type Endpoint, type FakeProvider } from "../support/fake-provider.js";

let provider: FakeProvider;
const asked = { scopes: ["openid"] };
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => {
  provider.reset();
  const { url } = provider;
  const endpoints = {
    device_authorization_endpoint: `${url}/device`,
    pushed_authorization_request_endpoint: `${url}/par`,
    require_pushed_authorization_requests: true,
    backchannel_authentication_endpoint: `${url}/backchannel`,
    introspection_endpoint: `${url}/introspect`,
    revocation_endpoint: `${url}/revoke`,
    registration_endpoint: `${url}/register`,
  };
  provider.answers.discovery = () => ({ body: provider.metadata(endpoints) });
});
afterAll(() => provider.close());

/** Does without the pauses between polls. */
const over = (): {
  readonly system: { readonly clock: { now: () => number; sleep: () => Promise<void> } };
} => ({
  system: { clock: { now: () => provider.clock.now(), sleep: async () => undefined } },
});
const calls: readonly (readonly [Endpoint, () => Promise<unknown>])[] = [
  ["token", () => provider.confidential().acquireTokenByClientCredential({ scopes: ["api"] })],
  [
    "device",
    () =>
      provider
        .publicClient(over())
        .acquireTokenByDeviceCode({ ...asked, deviceCodeCallback: () => undefined }),
  ],
  [
    "par",
    () => provider.confidential().getAuthCodeUrl({ ...asked, redirectUri: "http://localhost/signed-in" }),
  ],
  [
    "backchannel",
    () =>
      provider.confidential(over()).acquireTokenByBackchannelAuthentication({ ...asked, loginHint: "olga" }),
  ],
  ["introspection", () => provider.confidential().introspect({ token: "a-token" })],
  ["revocation", () => provider.confidential().revoke({ token: "a-token" })],
  [
    "registration",
    () =>
      registerClient({
        authority: provider.url,
        metadata: { client_name: "Orders" },
        system: { proxy: false, clock: { now: () => Date.now() } },
      }),
  ],
];

it.each(calls)("the %s endpoint reports no error with `error: null`", async (endpoint, call) => {
  const good = provider.answers[endpoint];
  provider.answers[endpoint] = async (request) => {
    const answer = await good(request);
    const members = typeof answer.body === "object" ? answer.body : {};
    return { ...answer, body: { ...members, error: null, error_description: null } };
  };
  await expect(call()).resolves.not.toBeInstanceOf(Error);
});

it.each(calls)("an error in a form is the server's own at the %s endpoint", async (endpoint, call) => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = "error=invalid_scope&error_description=not+today";
  provider.answers[endpoint] = () => ({ status: 400, headers, body });
  const said = {
    name: "ServerError",
    errorCode: "invalid_scope",
    errorMessage: expect.stringContaining("not today"),
  };
  await expect(call()).rejects.toMatchObject(said);
});

it.each(calls)(
  "a failure with an `error` of null has a code of the library at the %s endpoint",
  async (endpoint, call) => {
    provider.answers[endpoint] = () => ({ status: 403, body: { error: null, message: "" } });
    await expect(call()).rejects.toMatchObject({ errorCode: expect.not.stringMatching(/^unknown_error$/) });
  },
);
