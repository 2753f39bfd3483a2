import { createClient, Logger } from "@tessera/core";
import {
  AccessTokens,
  discoverableIssuer,
  invalidOption,
  leavesTenantOpen,
  parsedUrl,
  requireKnownOptions,
  requireRecord,
  version,
  wrongType,
  type AcceptedTenants,
  type VerifiedAccessToken,
} from "@tessera/core/internal";
import { checkConfiguration } from "./check-configuration.js";
import { strings } from "./check-values.js";
import type { NodeSystemOptions } from "./configuration.js";

/** Options of {@link createAccessTokenVerifier}. */
export interface AccessTokenVerifierOptions {
  /** Authority of Microsoft that issues the tokens: Entra with the tenant's ID, B2C with the policy, External ID, AD FS. */
  readonly authority?: string | undefined;
  /** Issuer of any other provider. */
  readonly issuer?: string | undefined;
  /** The API: the `aud` of its tokens, or several of which a token must name one. */
  readonly audience: string | readonly string[];
  /** `typ` of the tokens' header, if the provider promises one: `["at+jwt"]` for one that follows RFC 9068. */
  readonly types?: readonly string[] | undefined;
  /**
   * IDs of the Entra tenants whose tokens are accepted, or a function that is asked with each token. Required with an
   * authority that stands for several tenants.
   */
  readonly tenants?: AcceptedTenants | undefined;
  /** Network, clock and logging, as an application has them. */
  readonly system?: NodeSystemOptions | undefined;
}

/** Limits of a verification, which may have to fetch keys. */
export interface VerificationBounds {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly correlationId?: string | undefined;
}

/** Verifies the access tokens of an API. */
export interface AccessTokenVerifier {
  /** The issuer, as clients look for its metadata. */
  readonly issuer: string;
  /** Returns a token that was verified before, if it is neither expired nor its key removed. */
  known(token: string): VerifiedAccessToken | undefined;
  /**
   * Verifies a token: type, issuer, tenant, audience, times and signature.
   *
   * @throws ClientAuthError `invalid_access_token` or `token_parsing_error` for a token that is refused; others when the
   * provider's keys cannot be read
   */
  verify(token: string, bounds?: VerificationBounds): Promise<VerifiedAccessToken>;
}

/**
 * Creates what verifies the access tokens that an API is called with, with the keys of their provider. Keys are cached, and
 * fetched again when the provider changes them. A token is verified once, and trusted until it expires or its key is no longer
 * published. Keep the verifier for the life of the process.
 *
 * `@tessera/web` builds on it: its `createApiGuard` also checks scopes and roles, and answers requests that it refuses.
 *
 * @throws ClientConfigurationError for a mistake in the options
 * @see RFC 9068 §4
 * @example
 * ```ts
 * const verifier = createAccessTokenVerifier({
 *   authority: "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111",
 *   audience: ["api://orders", "22222222-2222-4222-8222-222222222222"],
 * });
 * console.log(verifier.issuer); // const { claims, isOfApp } = await verifier.verify(token);
 * ```
 */
export function createAccessTokenVerifier(options: AccessTokenVerifierOptions): AccessTokenVerifier {
  const given = requireRecord(options, "options", "{ authority, audience }");
  requireKnownOptions(given, OPTIONS, "createAccessTokenVerifier");
  const { authority, issuer, audience, system } = given;
  if ((authority === undefined) === (issuer === undefined))
    throw invalidOption("authority", "and issuer are both given or both missing", "pass one of them");
  const tenants = checkedTenants(given.tenants);
  const provider =
    issuer === undefined
      ? { authority: authority ?? "", knownAuthorities: hostsOf(authority ?? "") }
      : { oidcAuthority: issuer };
  const auth = { clientId: "none", ...provider };
  const none = { kind: "none" } as const;
  const { loggerOptions, ...checked } = checkConfiguration({ auth, ...(system ? { system } : {}) }, none);
  const logger = new Logger(loggerOptions, "@tessera/node", version);
  const client = createClient({ ...checked, logger: () => logger });
  const url = client.authorities.url(client.defaultAuthority);
  if (leavesTenantOpen(url) && tenants === undefined)
    throw invalidOption(
      "authority",
      `"${url.href}" does not name a tenant by its ID`,
      "use the tenant's ID in place of its name, or list in tenants whose tokens to accept",
    );
  const tokens = new AccessTokens(client, {
    audiences: checkedAudiences(audience),
    types: given.types === undefined ? undefined : checkedTypes(given.types),
    tenants,
  });
  return {
    issuer: issuer ?? discoverableIssuer(url),
    known: (token) => tokens.known(token),
    verify: async (token, bounds) => {
      if (typeof token !== "string") throw wrongType("token", token, "the access token");
      return tokens.verify(token, bounds);
    },
  };
}

const OPTIONS = {
  authority: true,
  issuer: true,
  audience: true,
  types: true,
  tenants: true,
  system: true,
} as const;

function checkedAudiences(audience: AccessTokenVerifierOptions["audience"]): readonly string[] {
  const audiences = strings(typeof audience === "string" ? [audience] : audience, "audience");
  if (audiences.length > 0 && audiences.every((one) => one !== "")) return audiences;
  throw invalidOption("audience", "is missing or empty", "pass the aud of the API's tokens");
}

function checkedTypes(types: readonly string[]): readonly string[] {
  const names = strings(types, "types").map((one) => one.toLowerCase().replace(/^application\//, ""));
  if (names.length > 0) return names;
  throw invalidOption("types", "is empty", 'pass what the provider promises, such as ["at+jwt"], or omit it');
}

function checkedTenants(tenants: AcceptedTenants | undefined): AcceptedTenants | undefined {
  if (tenants === undefined || tenants === null || typeof tenants === "function") return tenants ?? undefined;
  const ids = strings(tenants, "tenants");
  const other = ids.find((id) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id));
  if (other !== undefined)
    throw invalidOption(
      "tenants",
      `has "${other}", which is not a tenant's ID`,
      "tokens name their tenant by ID",
    );
  if (ids.length === 0) throw invalidOption("tenants", "is empty", "no token would be accepted");
  return ids;
}

/** The host of the authority is trusted, because nothing is sent there but requests for its public keys. */
function hostsOf(authority: string): string[] {
  const { host } = parsedUrl(authority) ?? {};
  return host ? [host] : [];
}
