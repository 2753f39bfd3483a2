// A resource that the authority protects answers as the edge of an MCP server does, and the official MCP client finds its
// way from the URL to a token: by metadata document, by registration, and stepping up.
// proves: local-authority/src/resource/start-resource.ts, local-authority/src/resource/access-token.ts,
// local-authority/src/resource/protected-resource.ts, local-authority/src/endpoints/openid-metadata.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  LocalAuthorityConfigurationError,
  startLocalAuthority,
  type LocalAuthority,
  type ProtectedResourceOptions,
} from "@tessera/local-authority";
import {
  auth,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthTokens,
} from "@modelcontextprotocol/client";
import { signIn } from "../support/sign-in.js";

const documentUrl = "https://agent.example/client.json";
const redirectUri = "http://localhost:3000/back";
const described = { client_id: documentUrl, client_name: "An agent", redirect_uris: [redirectUri] };
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const web = "c0c0c0c0-0000-4000-8000-0000000000a1";
const person = { username: "alice@contoso.example", password: "alice-password" };

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({
    http: true,
    clientRegistration: { documents: { [documentUrl]: described } },
    tenants: [
      { domain: "contoso.example", apps: [{ clientId: web, identifierUri: "https://api.contoso.example" }] },
    ],
  });
});
afterAll(() => authority.close());

/** The least that the SDK asks of a host. */
function host(own: Partial<OAuthClientProvider> = {}) {
  let client: Awaited<ReturnType<OAuthClientProvider["clientInformation"]>>;
  let tokens: StoredOAuthTokens | undefined;
  let verifier = "";
  let found: OAuthDiscoveryState | undefined;
  const asked: URL[] = [];
  const provider: OAuthClientProvider = {
    redirectUrl: redirectUri,
    clientMetadata: { ...described, grant_types: ["authorization_code", "refresh_token"] },
    clientInformation: () => client,
    saveClientInformation: (saved) => void (client = saved),
    tokens: () => tokens,
    saveTokens: (saved) => void (tokens = saved),
    saveCodeVerifier: (saved) => void (verifier = saved),
    codeVerifier: () => verifier,
    discoveryState: () => found,
    saveDiscoveryState: (saved) => void (found = saved),
    redirectToAuthorization: (url) => void asked.push(url),
    ...own,
  };
  return { provider, asked, token: () => tokens?.access_token ?? "", client: () => client };
}

/** Signs in with the SDK, and returns the host with its token. */
async function signedIn(serverUrl: string, own: Partial<OAuthClientProvider> = {}, scope?: string) {
  const it = host(own);
  expect(await auth(it.provider, { serverUrl, scope })).toBe("REDIRECT");
  const callback = await signIn(it.asked[0]?.href ?? "", person);
  const [authorizationCode, iss] = [
    callback.searchParams.get("code") ?? "",
    callback.searchParams.get("iss"),
  ];
  expect(await auth(it.provider, { serverUrl, scope, authorizationCode, iss: iss ?? undefined })).toBe(
    "AUTHORIZED",
  );
  return it;
}

const call = (url: string, token?: string, init: RequestInit = {}) =>
  fetch(url, {
    method: "POST",
    body: "{}",
    ...init,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });

describe("the edge", () => {
  it("says without a token where to get one, and publishes its metadata", async () => {
    const resource = await authority.protectedResource({ path: "/a/mcp", scopes: ["tools"] });
    const refused = await call(resource.url);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer resource_metadata="${resource.metadataUrl}", scope="tools"`,
    );
    expect(resource.metadataUrl).toBe(
      `${new URL(resource.url).origin}/.well-known/oauth-protected-resource/a/mcp`,
    );
    expect(await (await fetch(resource.metadataUrl)).json()).toEqual({
      resource: resource.url,
      authorization_servers: [resource.issuer],
      bearer_methods_supported: ["header"],
      scopes_supported: ["tools"],
    });
    expect(authority.requests.slice(-2).map(({ endpoint }) => endpoint)).toEqual([
      "protected-resource",
      "protected-resource-metadata",
    ]);
  });

  it("publishes nothing, or other metadata, where it is told to", async () => {
    const silent = await authority.protectedResource({ metadata: false });
    expect((await call(silent.url)).headers.get("www-authenticate")).toBe("Bearer");
    expect((await fetch(silent.metadataUrl)).status).toBe(404);
    const odd = await authority.protectedResource({
      metadata: { authorization_servers: ["https://other.example"], bearer_methods_supported: undefined },
      challenge: () => undefined,
    });
    expect((await call(odd.url)).headers.has("www-authenticate")).toBe(false);
    expect(await (await fetch(odd.metadataUrl)).json()).toEqual({
      resource: odd.url,
      authorization_servers: ["https://other.example"],
    });
  });

  it("fails where a fault says so", async () => {
    const resource = await authority.protectedResource();
    const fault = authority.fault({ match: "protected-resource-metadata", status: 502, times: Infinity });
    expect((await fetch(resource.metadataUrl)).status).toBe(502);
    fault.clear();
    authority.fault({ match: "protected-resource", reset: true });
    await expect(call(resource.url)).rejects.toThrow();
    expect((await call(resource.url)).status).toBe(401);
  });

  it.each<[string, ProtectedResourceOptions, string]>([
    ["a path without a slash", { path: "mcp" }, "path"],
    ["scopes that are not strings", { scopes: [1 as unknown as string] }, "scopes[0]"],
    ["an unknown tenant", { tenant: "fabrikam" }, "tenant"],
    ["an unknown issuer", { issuer: "adfs" as "entra" }, "issuer"],
    ["metadata that are not an object", { metadata: "none" as unknown as false }, "metadata"],
    ["an answer that is not a function", { respond: "ok" as unknown as () => Response }, "respond"],
    ["an unknown option", { scope: "a" } as ProtectedResourceOptions, "scope"],
  ])("refuses %s", async (_, options, field) => {
    const error = await authority.protectedResource(options).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(LocalAuthorityConfigurationError);
    expect(error).toMatchObject({ field: `protectedResource.${field}` });
  });
});

describe("the official MCP client", () => {
  it("signs a user in under a client metadata document", async () => {
    const resource = await authority.protectedResource({ scopes: ["tools"] });
    const { token, asked } = await signedIn(resource.url, { clientMetadataUrl: documentUrl }, "tools");
    expect(asked[0]?.searchParams.get("client_id")).toBe(documentUrl);
    expect(asked[0]?.searchParams.get("resource")).toBe(resource.url);
    const answered = await call(resource.url, token());
    expect(await answered.json()).toMatchObject({ client_id: documentUrl, scope: "tools" });
    expect(await resource.verify(token())).toMatchObject({ iss: resource.issuer, aud: resource.url });
  });

  it("registers itself, and renews its tokens", async () => {
    // The SDK asks for offline_access only where it asks for a scope.
    const resource = await authority.protectedResource({ scopes: ["tools"] });
    const { token, client, provider } = await signedIn(resource.url);
    expect(client()?.client_id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await call(resource.url, token())).status).toBe(200);
    const first = token();
    authority.advanceClock(4000);
    const expired = await call(resource.url, first);
    expect(expired.headers.get("www-authenticate")).toMatch(/^Bearer error="invalid_token"/);
    expect(await auth(provider, { serverUrl: resource.url })).toBe("AUTHORIZED");
    expect(token()).not.toBe(first);
    expect((await call(resource.url, token())).status).toBe(200);
  });

  it("steps up where an operation requires more", async () => {
    const resource = await authority.protectedResource({
      scopes: ({ method }) => (method === "DELETE" ? ["tools", "tools.delete"] : ["tools"]),
    });
    const { token } = await signedIn(resource.url, {}, "tools");
    expect((await call(resource.url, token())).status).toBe(200);
    const refused = await call(resource.url, token(), { method: "DELETE", body: undefined });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer error="insufficient_scope", resource_metadata="${resource.metadataUrl}", scope="tools tools.delete"`,
    );
    const more = await signedIn(resource.url, {}, "tools tools.delete");
    expect((await call(resource.url, more.token(), { method: "DELETE", body: undefined })).status).toBe(200);
  });

  it("is refused with a token for another resource, of another tenant, or of another authority", async () => {
    const [contoso, fabrikam] = authority.config.tenants.map(({ id }) => id);
    const [resource, other, foreign] = await Promise.all([
      authority.protectedResource(),
      authority.protectedResource({ path: "/other" }),
      authority.protectedResource({ tenant: fabrikam }),
    ]);
    expect(resource.issuer).toBe(authority.issuer(contoso).replace("/v2.0", "/openid"));
    const { token } = await signedIn(resource.url);
    expect((await call(resource.url, token())).status).toBe(200);
    for (const { url, verify } of [other, foreign]) {
      expect((await call(url, token())).status).toBe(401);
      expect(await verify(token())).toBeUndefined();
    }
    expect((await call(resource.url, "not-a-token")).status).toBe(401);
  });

  it("uses a registered app, whose code is worth nothing at another issuer", async () => {
    const resource = await authority.protectedResource();
    const own: Partial<OAuthClientProvider> = {
      clientInformation: (at) => ({ client_id: desktop, issuer: at?.issuer }),
    };
    const { token } = await signedIn(resource.url, own);
    expect(await (await call(resource.url, token())).json()).toMatchObject({ client_id: desktop });
  });
});

it("a resource whose issuer is Entra's takes tokens for the API that is registered under a URL", async () => {
  const resource = await authority.protectedResource({
    issuer: "entra",
    scopes: ["https://api.contoso.example/read"],
    metadata: { resource: "https://api.contoso.example" },
  });
  expect(resource.issuer).toBe(authority.issuer());
  const get = async (scope: string) => {
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: web,
      client_secret: "contoso-web-secret",
      scope,
    });
    const response = await fetch(`${authority.authorityUrl()}/oauth2/v2.0/token`, { method: "POST", body });
    return ((await response.json()) as { readonly access_token: string }).access_token;
  };
  expect((await call(resource.url, await get("https://api.contoso.example/.default"))).status).toBe(403);
  expect((await call(resource.url, await get("https://graph.microsoft.com/.default"))).status).toBe(401);
});
