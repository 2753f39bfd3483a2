// Authorization requests that are signed (RFC 9101), alone and pushed (RFC 9126).
// proves: core/src/credential/request-object-signer.ts, core/src/credential/private-key.ts,
// core/src/flows/authorization-request.ts, node/src/check-authorization-requests.ts
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type PublicClientApplication, type ClientMetadata, type NodeAuthOptions } from "@tessera/node";
import { jwtVerify } from "jose";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { applicationAt, scopes, visit, type ClientName } from "../support/oidc-applications.js";
import type { OpenIdProvider } from "../support/oidc-provider.js";
import { resources, startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";
import { rsaKeyPair } from "../support/rsa-keys.mjs";

const pairs = {
  rsa: rsaKeyPair("request"),
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ec384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed: generateKeyPairSync("ed25519"),
};
type Kind = keyof typeof pairs;
const pem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const keyOf = (kind: Kind) => ({ privateKey: pem(pairs[kind].privateKey), kid: kind });
const keys = (Object.keys(pairs) as Kind[]).map((kind) => ({
  ...pairs[kind].publicKey.export({ format: "jwk" }),
  kid: kind,
  use: "sig",
}));

let plain: OpenIdProvider;
let strict: OpenIdProvider;
let fake: FakeProvider;
beforeAll(async () => {
  plain = await startSecuredProvider({ keys, client: { request_object_signing_alg: "PS256" } });
  strict = await startSecuredProvider({ keys, requiresPushed: true, requiresSigned: true });
  fake = await startFakeProvider();
});
afterAll(() => Promise.all([plain.close(), strict.close(), fake.close()]));
afterEach(() => {
  plain.clearRequests();
  strict.clearRequests();
});

const application = (provider: OpenIdProvider, name: ClientName, over: Partial<NodeAuthOptions> = {}) =>
  applicationAt(provider, createTestClock(), name, { requestObjectKey: keyOf("rsa"), ...over });

describe.each<{ readonly title: string; readonly name: ClientName }>([
  { title: "a public client", name: "publicClient" },
  { title: "a confidential client", name: "post" },
])("$title", ({ name }) => {
  it("signs its request with the registered algorithm, and a user signs in", async () => {
    const clientMetadata = { request_object_signing_alg: "PS256" };
    const app = application(plain, name, { clientMetadata });
    const { request, response } = await visit(plain, app);
    const result = await app.acquireTokenByCode(request, response);
    expect(result.account).toMatchObject({ username: "olga@example.org" });
    const [sent] = plain.requests.filter(({ path }) => path === "/auth");
    expect(Object.keys(sent?.query ?? {}).sort()).toEqual(["client_id", "request", "response_type", "scope"]);
  });

  it("pushes the signed request where the provider requires both", async () => {
    const app = application(strict, name);
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: strict.redirectUri, maxAge: 600 });
    const callback = await signIn(flow.authUrl, { username: "olga@example.org", password: "any" });
    const result = await app.acquireTokenByAuthCodeFlow(flow, callback);
    expect(result.account).toMatchObject({ username: "olga@example.org" });
    const [push] = strict.requests.filter(({ path }) => path === "/request");
    expect(push?.form["request"]).toMatch(/^eyJ/);
    expect(push?.form["redirect_uri"]).toBeUndefined();
  });

  it("says which option is missing where the provider requires a signature", async () => {
    const app = application(strict, name, { requestObjectKey: undefined as never });
    await expect(app.getAuthCodeUrl({ scopes, redirectUri: strict.redirectUri })).rejects.toMatchObject({
      errorCode: "invalid_option",
      message: expect.stringContaining("auth.requestObjectKey"),
    });
    expect(strict.requests.filter(({ path }) => path === "/request")).toEqual([]);
  });
});

const redirectUri = "http://localhost/signed-in";
type Extra = Partial<Parameters<PublicClientApplication["getAuthCodeUrl"]>[0]>;

async function requestOf(auth: Partial<NodeAuthOptions>, kind: Kind, extra: Extra = {}) {
  const url = await fake.publicClient({ auth }).getAuthCodeUrl({ scopes, redirectUri, ...extra });
  const jwt = new URL(url).searchParams.get("request") ?? "";
  const currentDate = new Date(fake.clock.now());
  const typ = "oauth-authz-req+jwt";
  return jwtVerify(jwt, pairs[kind].publicKey, {
    issuer: "the-client",
    audience: fake.url,
    currentDate,
    typ,
  });
}

describe("a request object", () => {
  it("holds the whole request, its sender, its receiver and its lifetime, and nothing that names a subject", async () => {
    const more = { state: "a state", resource: resources, claims: '{"id_token":{"acr":null}}' };
    const extra = { ...more, extraQueryParameters: { max_age: "60", ui_locales: "de" } };
    const auth = { requestObjectKey: keyOf("ec") };
    const { payload, protectedHeader } = await requestOf(auth, "ec", extra);
    expect(protectedHeader).toEqual({ alg: "ES256", kid: "ec", typ: "oauth-authz-req+jwt" });
    const now = Math.floor(fake.clock.now() / 1000);
    expect(payload).toMatchObject({
      client_id: "the-client",
      response_type: "code",
      redirect_uri: redirectUri,
      scope: expect.stringContaining("reports:read"),
      state: "a state",
      resource: resources,
      claims: { id_token: { acr: null } },
      max_age: 60,
      ui_locales: "de",
      iat: now,
      nbf: now,
      exp: now + 600,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(payload).not.toHaveProperty("sub");
  });

  it("is never the same twice", async () => {
    const auth = { requestObjectKey: keyOf("ec") };
    const [one, two] = [await requestOf(auth, "ec"), await requestOf(auth, "ec")];
    expect(one.payload.jti).not.toBe(two.payload.jti);
  });

  it.each<{
    readonly kind: Kind;
    readonly listed?: readonly string[];
    readonly given?: string;
    readonly alg: string;
  }>([
    { kind: "rsa", alg: "PS256" },
    { kind: "rsa", listed: ["RS256", "ES256"], alg: "RS256" },
    { kind: "rsa", listed: ["RS256"], given: "PS384", alg: "PS384" },
    { kind: "ec384", alg: "ES384" },
    { kind: "ed", alg: "EdDSA" },
    { kind: "ed", listed: ["Ed25519"], alg: "Ed25519" },
  ])(
    "of a key of kind $kind is signed with $alg when the provider lists $listed",
    async ({ kind, listed, given, alg }) => {
      const over = listed ? { request_object_signing_alg_values_supported: listed } : {};
      fake.answers.discovery = () => ({ body: fake.metadata(over) });
      const clientMetadata = given ? { request_object_signing_alg: given } : {};
      const { protectedHeader } = await requestOf({ requestObjectKey: keyOf(kind), clientMetadata }, kind);
      expect(protectedHeader.alg).toBe(alg);
      fake.reset();
    },
  );
});

describe("an application is not constructed", () => {
  const weak = pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
  const exchange = pem(generateKeyPairSync("x25519").privateKey);
  it.each<{
    readonly title: string;
    readonly key?: NodeAuthOptions["requestObjectKey"];
    readonly metadata?: ClientMetadata;
    readonly says: string;
  }>([
    { title: "a key that is no key", key: { privateKey: "-----BEGIN X-----" }, says: "is not a private key" },
    { title: "an RSA key of 1024 bits", key: { privateKey: weak }, says: "1024 bits" },
    { title: "a key that cannot sign", key: { privateKey: exchange }, says: "unknown type" },
    {
      title: "a kid that is a number",
      key: { ...keyOf("ec"), kid: 1 as never },
      says: "kid is not a string",
    },
    { title: "no text as a key", key: { privateKey: 1 as never }, says: "auth.requestObjectKey.privateKey" },
    {
      title: "an algorithm that its key does not have",
      key: keyOf("ec"),
      metadata: { request_object_signing_alg: "RS256" },
      says: "use ES256",
    },
    {
      title: "an algorithm with a shared secret",
      key: keyOf("rsa"),
      metadata: { request_object_signing_alg: "HS256" },
      says: '"HS256"',
    },
    {
      title: "an algorithm without a key",
      metadata: { request_object_signing_alg: "RS256" },
      says: "set auth.requestObjectKey",
    },
    {
      title: "a required signature without a key",
      metadata: { require_signed_request_object: true },
      says: "set auth.requestObjectKey",
    },
    {
      title: "a wish to push that is text",
      metadata: { require_pushed_authorization_requests: "yes" as never },
      says: "require_pushed_authorization_requests",
    },
  ])("with $title", ({ key, metadata, says }) => {
    const auth = {
      ...(key ? { requestObjectKey: key } : {}),
      ...(metadata ? { clientMetadata: metadata } : {}),
    };
    const construct = () => fake.publicClient({ auth });
    expect(construct).toThrow(says);
    const secret = key?.privateKey;
    if (typeof secret === "string" && secret.length > 100)
      expect(construct).not.toThrow(secret.slice(30, 60));
  });
});
