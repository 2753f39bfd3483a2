// How a secret is sent to an OpenID Provider: by the method that its document allows and its registration wants.
// proves: core/src/credential/secret-authentication.ts, core/src/credential/client-authentication.ts,
// core/src/exchange/client-form.ts, node/src/credential/credential.ts
import { ConfidentialClientApplication as Peer } from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  type ConfidentialClientApplication,
  type ClientMetadata,
  type ClientSecretCallback,
  type NodeAuthOptions,
} from "@tessera/node";
import { decodeJwt, SignJWT } from "jose";
import {
  clientId,
  clientSecret,
  redeem,
  startFakeProvider,
  type Answer,
  type FakeProvider,
  type FakeRequest,
} from "../support/fake-provider.js";

const [basic, post] = ["client_secret_basic", "client_secret_post"] as const;
const scopes = ["api:read"];
const refusal: Answer = { status: 401, body: { error: "invalid_client" } };

let provider: FakeProvider;
let other: FakeProvider;
/** The methods of the requests that reached the token endpoint. */
let methods: string[];
/** The method that the client is registered with; nothing: any. */
let registered: string | undefined;

const methodOf = ({ headers, form }: FakeRequest): string => {
  if (form["client_assertion"]) return "client_secret_jwt";
  return headers.authorization ? basic : form["client_secret"] ? post : "none";
};
const secretOf = ({ headers, form }: FakeRequest): string => {
  const [, password = ""] = Buffer.from(String(headers.authorization).slice(6), "base64")
    .toString()
    .split(":");
  return form["client_secret"] ?? decodeURIComponent(password);
};
const tokenRequests = () => provider.requests.filter(({ path }) => path === "/token");

beforeAll(async () => {
  provider = await startFakeProvider();
  other = await startFakeProvider();
});
afterAll(() => Promise.all([provider.close(), other.close()]));
beforeEach(() => {
  methods = [];
  registered = undefined;
  for (const at of [provider, other]) {
    at.reset();
    at.answers.token = (request) => {
      const method = methodOf(request);
      methods.push(method);
      return registered && method !== registered ? refusal : { body: at.tokens() };
    };
  }
});

/** An application at a provider whose document lists these methods. */
function app(listed: unknown, method?: string, auth: Partial<NodeAuthOptions> = {}) {
  const over = { token_endpoint_auth_methods_supported: listed };
  for (const at of [provider, other]) at.answers.discovery = () => ({ body: at.metadata(over) });
  const clientMetadata: ClientMetadata = method === undefined ? {} : { token_endpoint_auth_method: method };
  return provider.confidential({ auth: { clientMetadata, ...auth } });
}
const ask = (client: ConfidentialClientApplication, over: object = {}) =>
  client.acquireTokenByClientCredential({ scopes, skipCache: true, ...over });

describe("a secret at a provider that lists", () => {
  it.each<[string, unknown, string | undefined, readonly string[]]>([
    ["both", [post, basic, "private_key_jwt"], undefined, [basic]],
    ["nothing (RFC 8414 §2)", undefined, undefined, [basic]],
    ["a text in place of a list", post, undefined, [basic]],
    ["no method of a secret", ["private_key_jwt"], undefined, [basic]],
    ["only posting", [post, "none"], undefined, [post]],
    ["only Basic", [basic], undefined, [basic]],
    ["both, for a client registered with the second", [post, basic], post, [basic, post]],
    ["nothing, for a client registered with the second", undefined, post, [basic, post]],
    ["both, for a client registered with the first", [post, basic], basic, [basic]],
  ])("%s", async (_, listed, registration, expected) => {
    registered = registration;
    const client = app(listed);
    await ask(client);
    expect(methods).toEqual(expected);
    // The method that the issuer has accepted is the one of the next request.
    await ask(client);
    expect(methods.slice(expected.length)).toEqual(expected.slice(-1));
  });

  it.each<[string, unknown, string | undefined]>([
    ["only Basic", [basic], undefined],
    ["only posting", [post], undefined],
    ["both, and the method is configured by name", [basic, post], basic],
    ["neither, and the method is configured by name", ["none"], post],
  ])("%s, is sent by no other method when it is refused", async (_, listed, method) => {
    registered = "another";
    await expect(ask(app(listed, method))).rejects.toMatchObject({ errorCode: "invalid_client" });
    expect(methods).toHaveLength(1);
  });

  it("both, is refused after one try of each", async () => {
    registered = "another";
    await expect(ask(app([basic, post]))).rejects.toMatchObject({ errorCode: "invalid_client", status: 401 });
    expect(methods).toEqual([basic, post]);
  });

  it("both, has its code and refresh token redeemed by the other method", async () => {
    registered = post;
    const client = app([basic, post]);
    const { account } = await redeem(client);
    provider.answers.token = (request) => {
      methods.push(methodOf(request));
      return { body: provider.tokens() };
    };
    if (account) await client.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(account).not.toBeNull();
    expect(methods).toEqual([basic, post, post]);
  });

  it("both, keeps the accepted method to its issuer", async () => {
    registered = post;
    const client = app([basic, post], undefined, { knownAuthorities: [new URL(other.url).host] });
    await ask(client);
    await ask(client, { authority: other.url });
    await ask(client, { authority: other.url });
    expect(methods).toEqual([basic, post, basic, post, post]);
  });

  it("both, is not sent by another method to a server that asks for a pause, or fails otherwise", async () => {
    const client = app([basic, post]);
    const answers: Answer[] = [
      { ...refusal, headers: { "retry-after": "7" } },
      { status: 500, body: "down" },
      { status: 400, body: { error: "invalid_scope" } },
    ];
    for (const answer of answers) {
      provider.answers.token = (request) => {
        methods.push(methodOf(request));
        return answer;
      };
      await expect(ask(client, { scopes: [`api:${methods.length}`] })).rejects.toThrow();
    }
    expect(new Set(methods)).toEqual(new Set([basic]));
  });
});

describe("beside HTTP Basic", () => {
  it("the form does not name the client, which Okta takes for a second credential", async () => {
    await ask(app([basic]));
    expect(tokenRequests()[0]?.form).toEqual({ grant_type: "client_credentials", scope: "api:read" });
  });

  it.each([post, "client_secret_jwt"])("%s names it in the form", async (method) => {
    await ask(app(undefined, method));
    expect(tokenRequests()[0]?.form["client_id"]).toBe(clientId);
  });
});

describe("a secret from a function", () => {
  const signal: unknown = expect.any(AbortSignal);
  const numbered = () => {
    let count = 0;
    return jest.fn<ClientSecretCallback>(async () => `secret-${(count += 1)}-of-the-client-0123456789`);
  };
  const signed = (seconds: number) => {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: "the-team", iat: now, exp: now + seconds, jti: `${Math.random()}` })
      .setProtectedHeader({ alg: "HS256" })
      .sign(Buffer.from(clientSecret));
  };

  it.each([basic, post])("is asked for each request, and not for a cache hit (%s)", async (method) => {
    const secret = numbered();
    const client = app(undefined, method, { clientSecret: secret });
    expect(secret).not.toHaveBeenCalled();
    for (const _ of [1, 2]) await client.acquireTokenByClientCredential({ scopes });
    await ask(client);
    expect(secret.mock.calls).toEqual([[{ signal }], [{ signal }]]);
    expect(tokenRequests().map(secretOf)).toEqual([
      "secret-1-of-the-client-0123456789",
      "secret-2-of-the-client-0123456789",
    ]);
  });

  it("is asked once more, with the refused one, when the server refuses it", async () => {
    const secret = numbered();
    const client = app(undefined, post, { clientSecret: secret });
    provider.answers.token = () => (tokenRequests().length === 1 ? refusal : { body: provider.tokens() });
    await ask(client);
    expect(secret.mock.calls).toEqual([
      [{ signal }],
      [{ refusedSecret: "secret-1-of-the-client-0123456789", signal }],
    ]);
    expect(tokenRequests().map(secretOf)).toHaveLength(2);
  });

  it("that is a JWT (Apple) is kept until a minute before its end, or until it is refused", async () => {
    const secret = jest.fn<ClientSecretCallback>(() => signed(3600));
    const client = app([post], undefined, { clientSecret: secret });
    for (const _ of [1, 2, 3]) await ask(client);
    expect(secret).toHaveBeenCalledTimes(1);
    const used = new Set(tokenRequests().map(secretOf));
    expect([...used].map((jwt) => decodeJwt(jwt).iss)).toEqual(["the-team"]);
    provider.answers.token = (request) =>
      used.has(secretOf(request)) ? refusal : { body: provider.tokens() };
    await ask(client);
    expect(secret).toHaveBeenCalledTimes(2);
    expect(secret.mock.calls[1]).toEqual([{ refusedSecret: [...used][0], signal }]);
  });

  it("that is a JWT about to end is asked for again", async () => {
    const secret = jest.fn<ClientSecretCallback>(() => signed(1));
    const client = app([post], undefined, { clientSecret: secret });
    await ask(client);
    jest.useFakeTimers({ now: Date.now() + 2000, doNotFake: ["nextTick", "setImmediate"] });
    await ask(client).finally(() => jest.useRealTimers());
    expect(secret).toHaveBeenCalledTimes(2);
  });

  it("verifies HS256 ID tokens, and signs with client_secret_jwt", async () => {
    const key = Buffer.from(clientSecret);
    provider.answers.token = (request) => {
      methods.push(methodOf(request));
      return { body: provider.tokens({}, { header: { alg: "HS256", kid: undefined }, key }) };
    };
    const client = app(undefined, "client_secret_jwt", {
      // As it was read from a file.
      clientSecret: async () => `${clientSecret}\n`,
      clientMetadata: {
        token_endpoint_auth_method: "client_secret_jwt",
        id_token_signed_response_alg: "HS256",
      },
    });
    expect((await redeem(client)).account).toMatchObject({ homeAccountId: "user-1" });
    expect(methods).toEqual(["client_secret_jwt"]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["is empty", async () => ""],
    ["is not a text", async () => 7],
  ])("%s: nothing is sent, and the error says what to return", async (_, secret) => {
    const client = app(undefined, post, { clientSecret: secret as ClientSecretCallback });
    await expect(ask(client)).rejects.toMatchObject({
      errorCode: "invalid_client_credential",
      message: expect.stringContaining("clientSecret"),
    });
    expect(tokenRequests()).toEqual([]);
  });
});

it("the peer posts the secret, whatever the document lists", async () => {
  app([basic]);
  const peer = new Peer({
    auth: { clientId, clientSecret, authority: provider.url, knownAuthorities: [new URL(provider.url).host] },
    system: { protocolMode: "OIDC" },
  });
  await peer.acquireTokenByClientCredential({ scopes }).catch(() => undefined);
  expect(methods.every((method) => method === post)).toBe(true);
});
