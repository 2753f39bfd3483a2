/**
 * Signs MCP clients in.
 *
 * @packageDocumentation
 */
export {
  createMcpAuthProvider,
  type McpAuth,
  type McpAuthOptions,
  type McpAuthProvider,
} from "./create-mcp-auth-provider.js";
