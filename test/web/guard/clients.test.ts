// Clients that have nothing but the URL of a guarded API find their way: `createResourceFetch`, and the official MCP SDK with a
// server of the official SDK behind the guard.
// proves: web/src/guard/resource-metadata.ts, web/src/guard/node-adapter.ts
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { createMcpAuthProvider } from "@tessera/mcp";
import { createResourceFetch } from "@tessera/node";
import { createApiGuard, requestOf, sendResponse, type ApiGuard, type Demands } from "@tessera/web";
import { startOpenIdProvider, type OpenIdProvider } from "../../support/oidc-provider.js";
import { interactiveUserOf } from "../../support/resource-user.js";
import { signIn } from "../../support/sign-in.js";

const document = "https://agent.example/client.json";
const system = { proxy: false } as const;
const servers: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(servers.map((close) => close()));
});

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "localhost");
  await once(server, "listening");
  servers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** A guarded API that says who calls. */
async function startApi(
  path: string,
  guardOf: (url: string) => ApiGuard,
  demands?: (request: Request) => Demands,
) {
  const origin = await listening((incoming, outgoing) => {
    const request = requestOf(incoming, origin);
    void (async () => {
      const { caller, response } = await guard.check(request, demands?.(request));
      const answer =
        (await guard.handle(request)) ??
        response ??
        Response.json({
          kind: caller?.kind,
          scopes: caller?.scopes,
          scheme: incoming.headers.authorization?.split(" ")[0],
        });
      await sendResponse(answer, outgoing);
    })();
  });
  const guard = guardOf(`${origin}${path}`);
  return { url: `${origin}${path}`, guard };
}

describe("createResourceFetch", () => {
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startOpenIdProvider({
      configure: (own) => ({
        ...own,
        features: {
          ...own.features,
          registration: { enabled: true },
          dPoP: { enabled: true },
          resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (_context, indicator) => ({
              scope: "reports:read reports:write",
              audience: indicator,
              accessTokenFormat: "jwt",
              accessTokenTTL: 600,
            }),
            useGrantedResource: () => true,
          },
        },
      }),
    });
  });
  afterAll(() => provider.close());

  test("signs a user in for a guarded API, and asks for more where an operation needs it", async () => {
    const demands = ({ method }: Request) => (method === "POST" ? { scopes: ["reports:write"] } : {});
    const { url } = await startApi(
      "/reports",
      (baseUrl) =>
        createApiGuard({
          baseUrl,
          issuer: provider.url,
          audience: baseUrl,
          scopes: ["reports:read"],
          system,
        }),
      demands,
    );
    const user = interactiveUserOf();
    const fetch = createResourceFetch({ client: { name: "Agent" }, openBrowser: user.openBrowser, system });
    expect(await (await fetch(`${url}/7`)).json()).toMatchObject({ kind: "user", scopes: ["reports:read"] });
    expect(user.visits).toHaveLength(1);
    expect(user.visits[0]?.searchParams.get("resource")).toBe(url);
    const written = await fetch(url, { method: "POST", body: "a report" });
    expect(await written.json()).toMatchObject({ scopes: ["reports:read", "reports:write"] });
    expect(user.visits).toHaveLength(2);
  });

  test("binds its token to a key where the API requires it, with the nonce that the API asks for", async () => {
    const { url } = await startApi("/reports", (baseUrl) =>
      createApiGuard({
        baseUrl,
        issuer: provider.url,
        audience: baseUrl,
        scopes: ["reports:read"],
        dpop: { isRequired: true, nonceSecrets: ["n".repeat(32)] },
        system,
      }),
    );
    const user = interactiveUserOf();
    const fetch = createResourceFetch({ client: { name: "Agent" }, openBrowser: user.openBrowser, system });
    for (let i = 0; i < 3; i += 1)
      expect(await (await fetch(url)).json()).toMatchObject({ kind: "user", scheme: "DPoP" });
    expect(user.visits).toHaveLength(1);
  });
});

describe("the official MCP SDK", () => {
  let authority: LocalAuthority;
  let url: string;
  let visits = 0;
  beforeAll(async () => {
    const described = { client_id: document, client_name: "An agent", redirect_uris: ["http://localhost"] };
    authority = await startLocalAuthority({
      http: true,
      clientRegistration: { documents: { [document]: described } },
    });
    const issuer = authority.issuer().replace("/v2.0", "/openid");
    const origin = await listening((incoming, outgoing) => {
      void (async () => {
        const request = requestOf(incoming, origin);
        const { caller, response } = await guard.check(request);
        const refused = (await guard.handle(request)) ?? response;
        if (refused) return sendResponse(refused, outgoing);
        const mcp = new McpServer({ name: "tools", version: "1.0.0" });
        mcp.registerTool("who", { description: "Says who calls" }, () => ({
          content: [{ type: "text", text: caller?.clientId ?? "nobody" }],
        }));
        const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
        outgoing.on("close", () => void mcp.close());
        await mcp.connect(transport);
        return transport.handleRequest(incoming, outgoing);
      })();
    });
    url = `${origin}/mcp`;
    const guard = createApiGuard({ baseUrl: url, issuer, audience: url, scopes: ["tools"], system });
  });
  beforeEach(() => {
    visits = 0;
  });
  afterAll(() => authority.close());

  const openBrowser = async (address: string): Promise<void> => {
    visits += 1;
    const back = await signIn(address, { username: "alice@contoso.example", password: "alice-password" });
    if (new URL(address).searchParams.get("response_mode") !== "form_post") return void (await fetch(back));
    const body = new URLSearchParams(back.search);
    await fetch(`${back.origin}${back.pathname}`, { method: "POST", body });
  };
  const options = () => ({ client: { metadataUrl: document }, openBrowser, system });

  test.each<[string, () => StreamableHTTPClientTransport]>([
    [
      "with createResourceFetch as its fetch",
      () => new StreamableHTTPClientTransport(new URL(url), { fetch: createResourceFetch(options()) }),
    ],
    [
      "with the provider object of @tessera/mcp",
      () =>
        new StreamableHTTPClientTransport(new URL(url), {
          authProvider: createMcpAuthProvider({ serverUrl: url, ...options() }).authProvider,
        }),
    ],
  ])("%s signs in at a guarded server and calls its tool", async (_, transportOf) => {
    const client = new Client({ name: "an-agent", version: "1.0.0" });
    await client.connect(transportOf());
    const { content } = await client.callTool({ name: "who", arguments: {} });
    expect(content).toEqual([{ type: "text", text: document }]);
    expect(visits).toBe(1);
    await client.close();
  });

  test("with its own OAuth client: the SDK itself discovers provider and scope", async () => {
    const { discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams } =
      await import("@modelcontextprotocol/sdk/client/auth.js");
    const refused = await fetch(url, { method: "POST" });
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(refused);
    expect(scope).toBe("tools");
    const found = await discoverOAuthProtectedResourceMetadata(url, {
      ...(resourceMetadataUrl ? { resourceMetadataUrl } : {}),
    });
    expect(found).toMatchObject({ resource: url, scopes_supported: ["tools"] });
    expect(found.authorization_servers).toEqual([authority.issuer().replace("/v2.0", "/openid")]);
  });
});

test("the metadata are served at their place only, to web pages as well", async () => {
  const guard = createApiGuard({
    baseUrl: "https://orders.example/api/",
    authority: "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111",
    audience: "api://orders",
    scopes: ["Orders.Read"],
    metadata: { resource_name: "Orders" },
  });
  const at = (path: string, method = "GET") =>
    guard.handle(new Request(`https://orders.example${path}`, { method }));
  const place = "/.well-known/oauth-protected-resource/api/";
  const response = await at(place);
  expect(response?.headers.get("access-control-allow-origin")).toBe("*");
  expect(await response?.json()).toEqual({
    resource: "https://orders.example/api/",
    authorization_servers: ["https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0"],
    scopes_supported: ["api://orders/Orders.Read"],
    bearer_methods_supported: ["header"],
    resource_name: "Orders",
  });
  expect((await at(place, "HEAD"))?.status).toBe(200);
  expect((await at(place, "OPTIONS"))?.status).toBe(204);
  expect((await at(place, "POST"))?.status).toBe(405);
  for (const path of ["/api/", "/", "/.well-known/oauth-protected-resource", `${place}x`, `/x${place}`])
    expect(await at(path)).toBeUndefined();
});
