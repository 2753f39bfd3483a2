import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { mcpAuthMetadataRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { createRemoteJWKSet, jwtVerify } from "jose";

/** An MCP server that is made with the official server SDK, behind its own guard. */
export interface SdkServer {
  readonly url: string;
  /** Access tokens that the guard has accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Refuses a token from now on. */
  refuse(token: string): void;
  close(): Promise<void>;
}

/** @param issuer whose tokens the guard verifies, with the keys that the issuer publishes */
export async function startSdkServer(issuer: string, now: () => number): Promise<SdkServer> {
  const app = createMcpExpressApp();
  const server = createServer((request, response) => void app(request, response)).listen(0, "localhost");
  await once(server, "listening");
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const url = `${origin}/mcp`;
  const keys = createRemoteJWKSet(new URL(`${issuer}/discovery/v2.0/keys`));
  const accepted = new Set<string>();
  const refused = new Set<string>();
  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Parameters<
    typeof mcpAuthMetadataRouter
  >[0]["oauthMetadata"];
  app.use(
    mcpAuthMetadataRouter({
      oauthMetadata: metadata,
      resourceServerUrl: new URL(url),
      scopesSupported: ["tools"],
    }),
  );
  const guard = requireBearerAuth({
    requiredScopes: ["tools"],
    resourceMetadataUrl: `${origin}/.well-known/oauth-protected-resource/mcp`,
    verifier: {
      verifyAccessToken: async (token) => {
        const options = { issuer, audience: url, currentDate: new Date(now()) };
        const verified = await jwtVerify(token, keys, options).catch(() => undefined);
        if (!verified || refused.has(token)) throw new InvalidTokenError("This token is not accepted");
        accepted.add(token);
        const { client_id: clientId, scope, exp } = verified.payload;
        // The guard compares with the machine's clock, which the tests do not move.
        const expiresAt = Math.floor(Date.now() / 1000) + (exp ?? 0) - Math.floor(now() / 1000);
        return { token, clientId: String(clientId), scopes: String(scope).split(" "), expiresAt };
      },
    },
  });
  app.all("/mcp", guard, async (request, response) => {
    const mcp = new McpServer({ name: "tools", version: "1.0.0" });
    mcp.registerTool("who", { description: "Says who calls" }, ({ authInfo }) => ({
      content: [{ type: "text", text: authInfo?.clientId ?? "nobody" }],
    }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    response.on("close", () => void mcp.close());
    await mcp.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  return {
    url,
    accepted,
    refuse: (token) => void refused.add(token),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
