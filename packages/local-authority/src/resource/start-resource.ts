import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { LocalAuthorityConfigurationError, checkEach, checkKeys, checkString } from "../config/checks.js";
import type { ServerCertificate } from "../crypto/certificates.js";
import { openidIssuer } from "../dialects/openid.js";
import type { Journal } from "../http/journal.js";
import type { Env, RequestContext } from "../http/request-context.js";
import { checkHost } from "../server/check-host.js";
import type { Faults } from "../server/faults.js";
import { listen } from "../server/listener.js";
import { applyFault, readRequest, recordRequest } from "../server/request-steps.js";
import type { AuthorityState } from "../state.js";
import { issuerOf } from "../tokens/tokens.js";
import { acceptedClaims, hasScopes } from "./access-token.js";
import type { ProtectedResource, ProtectedResourceOptions } from "./protected-resource.js";

/** The parts of the running authority that a resource shares. */
export interface ResourceContext {
  readonly state: AuthorityState;
  /** The authority's certificate; absent with plain HTTP. */
  readonly certificate?: ServerCertificate;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly closing: AbortSignal;
}

/**
 * Starts a resource at a port of its own: an origin that is not the authority's, as in production.
 *
 * @throws {LocalAuthorityConfigurationError} for an invalid option
 */
export async function startResource(
  options: ProtectedResourceOptions,
  { state, certificate, journal, faults, closing }: ResourceContext,
): Promise<ProtectedResource> {
  checkResource(options, state);
  const { path = "/mcp", metadata = {}, tenant = state.config.tenants[0]?.id ?? "" } = options;
  const listener = await listen(0, certificate);
  const origin = `${certificate === undefined ? "http" : "https"}://localhost:${listener.port}`;
  const url = `${origin}${path === "/" ? "" : path}`;
  const metadataUrl = `${origin}${wellKnown}${path === "/" ? "" : path}`;
  const issuer =
    options.issuer === "entra" ? issuerOf(state.url, tenant) : openidIssuer(state.url, { id: tenant });
  const document = metadata && {
    resource: url,
    authorization_servers: [issuer],
    bearer_methods_supported: ["header"],
    ...(Array.isArray(options.scopes) && options.scopes.length > 0
      ? { scopes_supported: options.scopes }
      : {}),
    ...metadata,
  };
  const resource = document === false ? url : document.resource;
  const verify = (token: string) => acceptedClaims(state, { token, resource, issuer });

  const app = new Hono<Env>();
  app.use(checkHost());
  app.use(readRequest(state.clock));
  app.use(
    recordRequest(state.clock, journal, (at) =>
      at.startsWith(wellKnown) ? "protected-resource-metadata" : "protected-resource",
    ),
  );
  app.use(applyFault(faults, closing, (_, status) => ({ error: `A simulated fault: ${status}` })));
  if (document) app.get(new URL(metadataUrl).pathname, (c) => c.json(document));
  const edge = createEdge(options, document ? metadataUrl : undefined, verify);
  app.all(path, edge);
  if (path !== "/") app.all(`${path}/*`, edge);
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  listener.serve((request, response) => void answer(request, response));
  return { url, metadataUrl, issuer, verify, close: () => listener.close() };
}

const wellKnown = "/.well-known/oauth-protected-resource";

/** Answers like the edge of an MCP server (RFC 6750 §3, RFC 9728 §5.1). */
function createEdge(
  { scopes = [], challenge = (usual) => usual, respond = echo }: ProtectedResourceOptions,
  metadataUrl: string | undefined,
  verify: ProtectedResource["verify"],
) {
  return async (c: RequestContext): Promise<Response> => {
    const request = c.get("request");
    const required = typeof scopes === "function" ? scopes(request) : scopes;
    const refuse = (status: 401 | 403, parameters: Readonly<Record<string, string>>) => {
      const named = {
        ...parameters,
        ...(metadataUrl === undefined ? {} : { resource_metadata: metadataUrl }),
        ...(required.length === 0 ? {} : { scope: required.join(" ") }),
      };
      const list = Object.entries(named).map(([name, value]) => `${name}="${value}"`);
      const header = challenge(list.length === 0 ? "Bearer" : `Bearer ${list.join(", ")}`, request);
      if (header !== undefined) c.header("WWW-Authenticate", header);
      return c.json({ error: parameters["error"] ?? "unauthorized" }, status);
    };
    const [scheme = "", token] = (c.req.header("authorization") ?? "").split(" ");
    // RFC 6750 §3.1: without credentials there is nothing to say about them.
    if (scheme.toLowerCase() !== "bearer" || token === undefined) return refuse(401, {});
    const claims = await verify(token);
    if (claims === undefined) {
      const error_description = "The token has expired, or is of another issuer or for another resource";
      return refuse(401, { error: "invalid_token", error_description });
    }
    if (!hasScopes(claims, required)) return refuse(403, { error: "insufficient_scope" });
    return respond(request, claims);
  };
}

const echo: NonNullable<ProtectedResourceOptions["respond"]> = (_, { sub, client_id, azp, scope, scp }) =>
  Response.json({ sub, client_id: client_id ?? azp, scope: scope ?? scp });

function checkResource(options: ProtectedResourceOptions, { config }: AuthorityState): void {
  checkKeys("protectedResource", options, optionNames);
  const refuse = (field: string, value: unknown, remedy: string) => {
    throw new LocalAuthorityConfigurationError(`protectedResource.${field}`, value, remedy);
  };
  const {
    path = "/mcp",
    scopes = [],
    metadata = {},
    issuer = "openid",
    tenant,
    challenge,
    respond,
  } = options;
  if (typeof path !== "string" || !/^\/[^?#*:]*$/.test(path)) {
    refuse("path", path, "use a path that begins with a slash, such as /mcp");
  }
  if (typeof scopes !== "function") checkEach("protectedResource.scopes", scopes, checkString);
  if (metadata !== false && (typeof metadata !== "object" || metadata === null)) {
    refuse("metadata", metadata, "use an object with the members that differ, or false");
  }
  if (issuer !== "openid" && issuer !== "entra") refuse("issuer", issuer, 'use "openid" or "entra"');
  if (tenant !== undefined && !config.tenants.some(({ id }) => id === tenant)) {
    refuse("tenant", tenant, "use the ID of a tenant of this authority");
  }
  for (const [name, value] of Object.entries({ challenge, respond })) {
    if (value !== undefined && typeof value !== "function") refuse(name, value, "use a function");
  }
}

const optionNames: readonly (keyof ProtectedResourceOptions)[] = [
  "path",
  "scopes",
  "metadata",
  "issuer",
  "tenant",
  "challenge",
  "respond",
];
