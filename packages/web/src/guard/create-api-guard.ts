import { authorityInTenant, PROOF_ALGORITHMS, systemClock } from "@tessera/core/internal";
import { createAccessTokenVerifier } from "@tessera/node";
import { AcceptedTokens } from "./accepted-tokens.js";
import { callerToken } from "./caller-token.js";
import { callerOf, type Caller } from "./caller.js";
import { checkedGuardOptions } from "./check-guard-options.js";
import { askedScopes, unmetDemand, type Demands, type Names } from "./demands.js";
import type { ExpressHandler } from "../express-handler.js";
import { expressGuard } from "./express.js";
import { fastifyGuard, fastifyMetadata, type FastifyGuard, type FastifyMetadata } from "./fastify.js";
import { Introspection, type ActiveToken, type IntrospectionRules } from "./introspection.js";
import { Nonces } from "./nonces.js";
import type { ApiGuardOptions, CheckOptions, DpopOptions } from "./options.js";
import { unproven } from "./possession.js";
import { presentedToken, type PresentedToken } from "./presented-token.js";
import { refusalResponse, type Refusal } from "./refusal.js";
import { ResourceMetadata } from "./resource-metadata.js";
import type { Checked, RequestGuard } from "./request-guard.js";
import { usedOnce } from "./used-once.js";

/** Guards an API. */
export interface ApiGuard extends RequestGuard {
  /** Returns a middleware for Express that refuses a request, or sets `request.caller`. */
  express(demands?: Demands): ExpressHandler;
  /** Returns a hook `onRequest` for Fastify that refuses a request, or sets `request.caller`. */
  fastify(demands?: Demands): FastifyGuard;
  /** Returns a plugin for Fastify that serves the API's metadata. */
  fastifyMetadata(): FastifyMetadata;
}

/**
 * Creates the guard of an API. It checks the access token of each request before anything is done: that the provider has issued
 * it, for this API, recently, to the client that sends it; and that user, client or app may do what the operation demands.
 * Requests that it refuses are answered so that clients know what to do: which provider to ask, for which scopes, with which
 * claims. Create one for each API, and keep it for the life of the process.
 *
 * @throws ClientConfigurationError for a mistake in the options
 * @see RFC 6750, RFC 9068, RFC 9728, RFC 9449, RFC 8705, RFC 9470, RFC 7662
 * @example
 * ```ts
 * import { createApiGuard } from "@tessera/web";
 *
 * const api = createApiGuard({
 *   baseUrl: "https://orders.example",
 *   authority: "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111",
 *   audience: ["api://orders", "22222222-2222-4222-8222-222222222222"],
 * });
 * const { caller, response } = await api.check(new Request("https://orders.example/orders"), {
 *   scopes: ["Orders.Read"],
 * });
 * console.log(caller?.subject ?? response?.status); // 401
 * ```
 */
export function createApiGuard(options: ApiGuardOptions): ApiGuard {
  const { base, ...given } = checkedGuardOptions(options);
  const { authority, issuer, audience, types, tenants, system, app, dpop } = given;
  const verifier = createAccessTokenVerifier({ authority, issuer, audience, types, tenants, system });
  const audiences = typeof audience === "string" ? [audience] : audience;
  const now = (): number => (system?.clock ?? systemClock).now();
  const tokens = new AcceptedTokens(verifier, introspectionOf(given, { ...verifier, audiences, now }));
  const names = namesOf(audiences, issuer === undefined);
  const metadata = new ResourceMetadata({
    ...{ baseUrl: base, issuer: verifier.issuer, dpop, metadata: given.metadata },
    scopes: askedScopes(given.scopes, names),
  });
  const context = { metadataUrl: metadata.url, schemes: schemesOf(dpop), algorithms: PROOF_ALGORITHMS };
  const rules = {
    baseUrl: base,
    isRequired: dpop?.isRequired ?? false,
    nonces: dpop?.nonceSecrets && new Nonces(dpop.nonceSecrets, now),
    used: usedOnce(given.store, now),
    certificateHeader: given.clientCertificateHeader,
    now,
  };
  const how = given.exchange ?? (issuer === undefined ? "on-behalf-of" : "token-exchange");
  /** The callers of tokens, which are the same objects while their tokens are remembered. */
  const callers = new WeakMap<ActiveToken, Caller>();

  const guard: ApiGuard = {
    async check(request, checked = NOTHING) {
      const presented = presentedToken(request);
      const demands = demandsOf(checked, given);
      const refused = (refusal: Refusal): Checked => {
        const scope = askedScopes(demands.scopes, names);
        const scheme = presented && "scheme" in presented ? presented.scheme : undefined;
        const response = refusalResponse(refusal, context, { presented: scheme, scope });
        const { reason, cause } = refusal;
        return { response, reason, ...(cause === undefined ? {} : { cause }) };
      };
      if (!presented) return refused(WITHOUT_TOKEN);
      if ("status" in presented) return refused(presented);
      const active = tokens.known(presented.token) ?? (await tokens.accept(presented.token, checked.signal));
      if ("status" in active) return refused(active);
      const { claims } = active;
      if (claims["cnf"] !== undefined || presented.scheme === "dpop" || rules.isRequired) {
        const presentation = { ...presented, request, claims, certificate: checked.clientCertificate };
        const refusal = await unproven(presentation, rules);
        if (refusal) return refused(refusal);
      }
      const caller = callers.get(active) ?? callerWith(presented, active);
      const refusal = unmetDemand(caller, demands, names, now() / 1000);
      return refusal ? refused(refusal) : { caller };
    },
    handle: async (request) => metadata.answer(request),
    express: (demands) => expressGuard(guard, adapter, demands),
    fastify: (demands) => fastifyGuard(guard, adapter, demands),
    fastifyMetadata: () => fastifyMetadata(guard, adapter, metadata.url),
  };
  const adapter = { base, readsSocket: given.clientCertificateHeader === undefined };
  return guard;

  function callerWith({ token, scheme }: PresentedToken, active: ActiveToken): Caller {
    const { claims, isOfApp } = active;
    const caller = callerOf(claims, isOfApp, (request) => {
      // A token is acquired in the tenant of the caller, if the authority stands for several.
      const { tenantId } = caller;
      const isOpen = authority !== undefined && tenants !== undefined && tenantId !== undefined;
      const exchange = {
        ...{ app, how },
        authority: isOpen ? authorityInTenant(authority, tenantId) : undefined,
        refuse: (refusal: Refusal) =>
          refusalResponse(refusal, context, { presented: scheme, scope: undefined }),
      };
      return callerToken(exchange, { token, isOfApp }, request);
    });
    callers.set(active, caller);
    return caller;
  }
}

const NOTHING: CheckOptions = {};
const WITHOUT_TOKEN: Refusal = { status: 401, reason: "There is no access token." };

/** What an operation demands: all of its own, or all of the guard's. */
function demandsOf(own: Demands, { scopes, roles, userRoles }: ApiGuardOptions): Demands {
  if (own.scopes || own.roles || own.userRoles || !(scopes || roles || userRoles)) return own;
  return { scopes, roles, userRoles, acrs: own.acrs, maxAge: own.maxAge };
}

/** Entra wants the API in front of each scope that is asked for. */
function namesOf(audiences: readonly string[], isOfMicrosoft: boolean): Names {
  const named = audiences.find((one) => one.includes("://")) ?? audiences[0] ?? "";
  return { audiences, prefix: isOfMicrosoft ? `${named}/` : "", takesClaims: isOfMicrosoft };
}

function schemesOf(dpop: DpopOptions | undefined): readonly ("Bearer" | "DPoP")[] {
  if (!dpop) return ["Bearer"];
  return dpop.isRequired ? ["DPoP"] : ["Bearer", "DPoP"];
}

function introspectionOf(
  { introspection, app }: ApiGuardOptions,
  { issuer, audiences, now }: Pick<IntrospectionRules, "issuer" | "audiences" | "now">,
): Introspection | undefined {
  if (!introspection || !app) return undefined;
  const own = introspection === true ? {} : introspection;
  return new Introspection({ ...own, app, issuer, audiences, now });
}
