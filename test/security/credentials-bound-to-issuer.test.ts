// The credential of an OpenID client, and the tokens of its users, belong to the issuer that they came from: another issuer
// gets none of them, also on the host of the application's own, unless the configuration lists its host.
// proves: core/src/authority/vouched-host.ts, core/src/client/create-client.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { AccountInfo, ConfidentialClientApplication, NodeAuthOptions } from "@tessera/node";
import { clientSecret, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { generateKeyPairSync } from "node:crypto";

let own: FakeProvider;
let other: FakeProvider;
beforeAll(async () => {
  own = await startFakeProvider();
  // On this machine, where the hosts vouch for each other.
  other = await startFakeProvider();
});
beforeEach(() => {
  for (const provider of [own, other]) {
    provider.reset();
    const over = {
      backchannel_authentication_endpoint: `${provider.url}/backchannel`,
      device_authorization_endpoint: `${provider.url}/device`,
    };
    provider.answers.discovery = () => ({ body: provider.metadata(over) });
  }
});
afterAll(() => Promise.all([own.close(), other.close()]));

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const none = { clientSecret: undefined };
const credentials: Readonly<Record<string, Partial<NodeAuthOptions>>> = {
  "a secret": {},
  "a secret from a function": { clientSecret: async () => clientSecret },
  "an assertion": { ...none, clientAssertion: "an.assertion.of-the-client" },
  "an assertion from a function": { ...none, clientAssertion: async () => "an.assertion.of-the-client" },
  "a key": {
    ...none,
    clientCertificate: {
      privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      thumbprintSha256: "a".repeat(64),
    },
  },
};

type Call = (app: ConfidentialClientApplication, authority: string) => Promise<unknown>;
const redirectUri = "http://localhost/signed-in";
const scopes = ["api"];
const calls: Readonly<Record<string, Call>> = {
  "for itself": (app, authority) => app.acquireTokenByClientCredential({ scopes, authority }),
  "with an assertion of the request": (app, authority) =>
    app.acquireTokenByClientCredential({ scopes, authority, clientAssertion: async () => "an.assertion" }),
  "with a code": (app, authority) =>
    app.acquireTokenByCode({ scopes, redirectUri, code: "a-code", authority }),
  "with a refresh token": (app, authority) =>
    app.acquireTokenByRefreshToken({ scopes, refreshToken: "a-refresh-token", authority }),
  "with a password": (app, authority) =>
    app.acquireTokenByUsernamePassword({ scopes, username: "olga", password: "secret", authority }),
  "on behalf of a user": (app, authority) =>
    app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "a-token", authority }),
  "for another token": (app, authority) =>
    app.acquireTokenByTokenExchange({ subjectToken: "a", subjectTokenType: "jwt", authority }),
  "for a user on a device": (app, authority) =>
    app.acquireTokenByBackchannelAuthentication({ scopes, loginHint: "olga", authority }),
};

describe.each(Object.entries(credentials))("a client with %s", (_, auth) => {
  test.each(Object.entries(calls))("sends nothing to another issuer: %s", async (_name, call) => {
    const app = own.confidential({ auth });
    await expect(call(app, other.url)).rejects.toMatchObject({ errorCode: "untrusted_authority" });
    const { host } = new URL(own.url);
    expect(other.requests.filter(({ method }) => method !== "GET")).toEqual([]);
    // The application's own host in the list says nothing of another.
    const listed = own.confidential({ auth: { ...auth, knownAuthorities: [host] } });
    await expect(call(listed, other.url)).rejects.toMatchObject({ errorCode: "untrusted_authority" });
    expect(other.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

test("an issuer whose host is listed gets the credential: the configuration says that it is registered there", async () => {
  const app = own.confidential({ auth: { knownAuthorities: [new URL(other.url).host] } });
  await app.acquireTokenByClientCredential({ scopes, authority: other.url });
  expect(other.count("token")).toBe(1);
});

test.each(["confidential", "publicClient"] as const)(
  "the refresh token of a user goes to no other issuer, listed or not: %s",
  async (kind) => {
    own.answers.token = () => ({ body: own.tokens({}, { claims: { nonce: undefined } }) });
    for (const auth of [{}, { knownAuthorities: [new URL(other.url).host] }]) {
      const app = own[kind]({ auth });
      const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: "a-code" });
      const known: AccountInfo | undefined = account ?? undefined;
      if (!known) throw new Error("nobody has signed in");
      const elsewhere = { scopes, account: known, authority: other.url, forceRefresh: true };
      await expect(app.acquireTokenSilent(elsewhere)).rejects.toMatchObject({ errorCode: "no_tokens_found" });
      expect(other.count("token")).toBe(0);
    }
  },
);
