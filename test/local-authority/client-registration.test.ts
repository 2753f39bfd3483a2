// Apps make themselves known to the standard issuer of a tenant: with a client metadata document, or by registration. What
// a strict server complains about is refused, and `openid-client` signs in both ways.
// proves: local-authority/src/clients/client-metadata.ts, local-authority/src/clients/described-client.ts,
// local-authority/src/endpoints/register.ts, local-authority/src/dialects/openid.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as openid from "openid-client";
import { signIn } from "../support/sign-in.js";

const person = { username: "alice@contoso.example", password: "alice-password" };
const redirectUri = "http://localhost:3000/back";
const documents: Record<string, Record<string, unknown>> = {};
/** Publishes a document, and returns its URL. */
const publish = (
  members: Record<string, unknown>,
  url = `https://agent.example/${Object.keys(documents).length}`,
) => {
  const usual = { client_id: url, client_name: "An agent", redirect_uris: [redirectUri] };
  documents[url] = { ...usual, ...members };
  return url;
};

let authority: LocalAuthority;
let server: Server;
let keys: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };
beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  authority = await startLocalAuthority({ http: true, clientRegistration: { documents } });
  server = createServer((_, response) => {
    const client_id = `${origin(server)}/client.json`;
    response.end(JSON.stringify({ client_id, client_name: "An agent", redirect_uris: [redirectUri] }));
  }).listen(0, "localhost");
  await once(server, "listening");
});
afterAll(async () => {
  server.close();
  await authority.close();
});

const origin = (of: Server) => `http://localhost:${(of.address() as AddressInfo).port}`;
const issuer = () => authority.issuer().replace("/v2.0", "/openid");
const discover = (algorithm: "oauth2" | "oidc", clientId = "unknown", auth = openid.None()) =>
  openid.discovery(new URL(issuer()), clientId, undefined, auth, {
    algorithm,
    execute: [openid.allowInsecureRequests],
  });

/** A sign-in, every part of which `openid-client` checks: code, PKCE, state, `iss`. */
async function signedIn(config: openid.Configuration) {
  const [pkceCodeVerifier, expectedState] = [openid.randomPKCECodeVerifier(), openid.randomState()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid offline_access",
    resource: "https://api.example",
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const callback = await signIn(url.href, person);
  const tokens = await openid.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
  return { tokens, callback };
}

async function authorize(parameters: Record<string, string>): Promise<Response> {
  const usual = {
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid",
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
  };
  const query = new URLSearchParams({ ...usual, ...parameters });
  return fetch(`${issuer()}/oauth2/v2.0/authorize?${query.toString()}`, { redirect: "manual" });
}

const register = async (body: unknown) => {
  const response = await fetch(`${issuer()}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe("the standard issuer", () => {
  it("publishes the same metadata at all three places, with what a client looks for", async () => {
    const { origin: root, pathname } = new URL(issuer());
    const read = async (url: string) => (await fetch(url)).json();
    const document = await read(`${issuer()}/.well-known/openid-configuration`);
    expect(document).toMatchObject({
      issuer: issuer(),
      code_challenge_methods_supported: ["S256"],
      client_id_metadata_document_supported: true,
      registration_endpoint: `${issuer()}/register`,
      authorization_response_iss_parameter_supported: true,
    });
    expect(await read(`${root}/.well-known/oauth-authorization-server${pathname}`)).toEqual(document);
    expect(await read(`${root}/.well-known/openid-configuration${pathname}`)).toEqual(document);
  });

  it("announces neither way, and offers neither, where an option says so", async () => {
    const other = await startLocalAuthority({
      http: true,
      clientRegistration: { dynamic: false, metadataDocuments: false },
    });
    const at = other.issuer().replace("/v2.0", "/openid");
    const document = await (await fetch(`${at}/.well-known/openid-configuration`)).json();
    expect(document).not.toHaveProperty("registration_endpoint");
    expect(document).not.toHaveProperty("client_id_metadata_document_supported");
    expect((await fetch(`${at}/register`, { method: "POST", body: "{}" })).status).toBe(404);
    await other.close();
  });

  it("takes a code challenge with S256 only", async () => {
    const plain = await authorize({ client_id: publish({}), code_challenge_method: "plain" });
    expect(new URL(plain.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_request");
    const missing = await authorize({ client_id: publish({}), code_challenge: "" });
    const { searchParams } = new URL(missing.headers.get("location") ?? "");
    expect(searchParams.get("error")).toBe("invalid_request");
    expect(searchParams.get("iss")).toBe(issuer());
  });

  it.each([
    ["a relative resource", "api"],
    ["a resource with a fragment", "https://api.example/#a"],
  ])("refuses %s as invalid_target", async (_, resource) => {
    const refused = await authorize({ client_id: publish({}), resource });
    expect(new URL(refused.headers.get("location") ?? "").searchParams.get("error")).toBe("invalid_target");
  });
});

describe("openid-client signs in", () => {
  it.each(["oauth2", "oidc"] as const)("under a metadata document (%s)", async (algorithm) => {
    const { tokens, callback } = await signedIn(await discover(algorithm, publish({})));
    expect(callback.searchParams.get("iss")).toBe(issuer());
    expect(tokens.refresh_token).toBeDefined();
  });

  it("under a document that is read from this machine", async () => {
    const { tokens } = await signedIn(await discover("oauth2", `${origin(server)}/client.json`));
    expect(tokens.token_type).toBe("bearer");
  });

  it.each([
    ["client_secret_basic", (secret: string) => openid.ClientSecretBasic(secret)],
    ["client_secret_post", (secret: string) => openid.ClientSecretPost(secret)],
    ["none", () => openid.None()],
  ])("after a registration with %s", async (method, auth) => {
    const { body } = await register({
      redirect_uris: [redirectUri],
      application_type: "native",
      token_endpoint_auth_method: method,
    });
    const config = await discover("oidc", String(body["client_id"]), auth(String(body["client_secret"])));
    const { tokens } = await signedIn(config);
    const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? "", {
      resource: "https://api.example",
    });
    expect(renewed.claims()?.sub).toBe(tokens.claims()?.sub);
    const other = openid.refreshTokenGrant(config, tokens.refresh_token ?? "", {
      resource: "https://b.example",
    });
    await expect(other).rejects.toMatchObject({ error: "invalid_target" });
  });

  it("registered by itself, and gets a token for the app", async () => {
    const config = await openid.dynamicClientRegistration(
      new URL(issuer()),
      { redirect_uris: [redirectUri], application_type: "native", client_name: "An agent" },
      undefined,
      { execute: [openid.allowInsecureRequests] },
    );
    const tokens = await openid.clientCredentialsGrant(config, {
      resource: "https://api.example",
      scope: "a",
    });
    expect(
      JSON.parse(Buffer.from(tokens.access_token.split(".")[1] ?? "", "base64url").toString()),
    ).toMatchObject({
      iss: issuer(),
      aud: "https://api.example",
      scope: "a",
    });
  });

  it.each(["jwks", "jwks_uri"])("with a key of its document (%s)", async (member) => {
    const jwks = { keys: [await exportJWK(keys.publicKey)] };
    const keyServer = createServer((_, response) => response.end(JSON.stringify(jwks))).listen(
      0,
      "localhost",
    );
    await once(keyServer, "listening");
    const url = publish({
      token_endpoint_auth_method: "private_key_jwt",
      [member]: member === "jwks" ? jwks : origin(keyServer),
    });
    const assertion = await new SignJWT({ iss: url, sub: url, aud: issuer(), jti: "1" })
      .setProtectedHeader({ alg: "ES256" })
      .setExpirationTime("1m")
      .sign(keys.privateKey);
    const response = await fetch(`${issuer()}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: url,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
        resource: "https://api.example",
      }),
    });
    expect(await response.json()).toMatchObject({ token_type: "Bearer" });
    keyServer.close();
  });
});

describe("a metadata document is refused", () => {
  it.each<[string, () => string, RegExp]>([
    [
      "whose client_id is another",
      () => publish({ client_id: "https://other.example/a" }),
      /another client_id/,
    ],
    ["without a name", () => publish({ client_name: undefined }), /no client_name/],
    ["without redirect URIs", () => publish({ redirect_uris: undefined }), /no redirect_uris/],
    [
      "with a shared secret",
      () => publish({ token_endpoint_auth_method: "client_secret_basic" }),
      /shared secret/,
    ],
    [
      "with private_key_jwt and no keys",
      () => publish({ token_endpoint_auth_method: "private_key_jwt" }),
      /jwks/,
    ],
    [
      "with http to another host",
      () => publish({ redirect_uris: ["http://a.example/back"] }),
      /neither https/,
    ],
    [
      "of a web app with a loopback address",
      () => publish({ application_type: "web" }),
      /application_type &quot;web&quot;|application_type "web"/,
    ],
    ["with a relative redirect URI", () => publish({ redirect_uris: ["/back"] }), /absolute URI/],
    ["with keys that are not a set", () => publish({ jwks: [] }), /key set/],
    ["at the root of its host", () => publish({}, "https://root.example/"), /not an https URL with a path/],
    ["with dot segments", () => publish({}, "https://agent.example/a/../b"), /not an https URL with a path/],
    [
      "with user information",
      () => publish({}, "https://a:b@agent.example/c"),
      /not an https URL with a path/,
    ],
    ["on another machine that publishes none", () => "https://nobody.example/client.json", /cannot be read/],
  ])("%s", async (_, url, message) => {
    const refused = await authorize({ client_id: url() });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toMatch(message);
  });

  it("if the redirect URI of the request is not in it", async () => {
    const refused = await authorize({ client_id: publish({}), redirect_uri: "https://evil.example/back" });
    expect(refused.status).toBe(400);
    expect(refused.headers.has("location")).toBe(false);
  });
});

describe("a registration is refused", () => {
  const native = { redirect_uris: [redirectUri], application_type: "native" };
  it.each<[string, unknown, string]>([
    ["that is not JSON", "redirect_uris=a", "invalid_client_metadata"],
    ["that is not an object", [], "invalid_client_metadata"],
    ["without redirect URIs", {}, "invalid_redirect_uri"],
    [
      "with a loopback address and without application_type",
      { redirect_uris: [redirectUri] },
      "invalid_redirect_uri",
    ],
    [
      "with an unknown application_type",
      { ...native, application_type: "desktop" },
      "invalid_client_metadata",
    ],
    [
      "with http to another host",
      { ...native, redirect_uris: ["http://a.example/b"] },
      "invalid_redirect_uri",
    ],
    ["with an unknown method", { ...native, token_endpoint_auth_method: "magic" }, "invalid_client_metadata"],
    [
      "with private_key_jwt and no keys",
      { ...native, token_endpoint_auth_method: "private_key_jwt" },
      "invalid_client_metadata",
    ],
    ["with a name that is not a string", { ...native, client_name: 1 }, "invalid_client_metadata"],
    ["with grants that are not an array", { ...native, grant_types: "code" }, "invalid_client_metadata"],
  ])("%s", async (_, body, error) => {
    expect(await register(body)).toMatchObject({ status: 400, body: { error } });
  });
});
