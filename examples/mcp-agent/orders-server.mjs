// @ts-check
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { startLocalAuthority } from "@tessera/local-authority";
import { pretendUser } from "../desktop-cli/pretend-user.mjs";

/**
 * An MCP server that is made with the official SDK. The local authority is its edge: it lets requests pass that have a
 * token for this server, with the scopes of the operation.
 */
export async function startOrders() {
  // Plain HTTP: the browser would warn of a certificate it does not know.
  const authority = await startLocalAuthority({ http: true });
  const user = authority.config.tenants[0]?.users[0];
  if (!user) throw new Error("the local authority has no user to try");
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: "orders", version: "1.0.0" });
    /** @type {(text: string) => { content: { type: "text", text: string }[] }} */
    const says = (text) => ({ content: [{ type: "text", text }] });
    server.registerTool("list_orders", { description: "Lists the orders" }, () => says("4711, 4712"));
    server.registerTool("cancel_order", { description: "Cancels the last order" }, () =>
      says("4712 is cancelled"),
    );
    return server;
  });
  const resource = await authority.protectedResource({
    scopes: ({ body }) =>
      body.includes('"cancel_order"') ? ["orders.read", "orders.write"] : ["orders.read"],
    respond: ({ method, host, path, headers, body }) =>
      mcp.fetch(new Request(`http://${host}${path}`, { method, headers, ...(body ? { body } : {}) })),
  });
  const browser = { cookies: new Map(), origin: "nowhere" };
  return {
    url: resource.url,
    username: user.username,
    password: user.password,
    /** @param {string} url what a user would see in the browser, where they stay signed in */
    signIn: (url) => pretendUser(url, user, browser),
    /** What has happened at the authority since the last call. */
    counted() {
      const tokens = authority.requests.filter(({ endpoint }) => endpoint === "token");
      const signIns = tokens.filter(({ form }) => form["grant_type"] === "authorization_code");
      authority.clearRequests();
      return `sign-ins: ${signIns.length}, token requests: ${tokens.length}`;
    },
    async close() {
      await mcp.close();
      await resource.close();
      await authority.close();
    },
  };
}
