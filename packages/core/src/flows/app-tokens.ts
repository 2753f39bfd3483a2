import type { AuthorityUrl } from "../authority/authority-url.js";
import { findTokens, type AccessTokenQuery } from "../cache/memory/find.js";
import { appPartition, type PartitionKey } from "../cache/memory/partition-key.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import { freshHits, type FreshHits } from "../exchange/fresh-hits.js";
import { isQuestion, repeatedHit } from "../exchange/repeated-hit.js";
import { isolated } from "../request/request-keys.js";
import { requestedScopes, withoutOidcScopes } from "../request/scopes.js";
import {
  requireRequest,
  tokenRequest,
  type BaseRequest,
  type TokenRequest,
} from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Returns the authority of a request, which has to name a single tenant. */
export function tenantAuthority(client: Client, request: TokenRequest): AuthorityUrl {
  const url = client.authorities.url(request.authorityUrl);
  if (!dialectOf(url).isMultiTenant(url)) return url;
  throw clientAuthError(
    "missing_tenant_id_error",
    `An app-only token belongs to a single tenant, but the authority names "${url.tenant}": use a tenant id or domain instead.`,
    request,
  );
}

/**
 * Returns what finds the token of one request in memory if it is fresh, for programs that make the same request with each
 * call.
 *
 * @throws ClientConfigurationError, ClientAuthError as `clientCredentials`
 */
export function freshAppTokens(client: Client, input: Pick<BaseRequest, "scopes" | "authority">): FreshHits {
  const request = appRequest(client, input);
  const url = tenantAuthority(client, request);
  appQuery(client, request, url);
  return freshHits(client, () => {
    const query = appQuery(client, request, url);
    return { url, find: (memory) => findTokens(memory, query) };
  });
}

/** Returns the token of a request that is like an earlier one, if it is fresh and in memory. */
export function repeatedAppToken(client: Client, input: BaseRequest): AuthenticationResult | undefined {
  if (!isQuestion(input)) return undefined;
  const url = client.authorities.url(input.authority || client.defaultAuthority);
  return repeatedHit(client, ownPartition(client, url), input);
}

/** Checks a request for an app-only token. */
export function appRequest<R extends BaseRequest>(client: Client, input: R): TokenRequest<R> {
  requireRequest(input);
  const authority: unknown = input.authority || client.defaultAuthority;
  const needsScope =
    typeof authority !== "string" || dialectOf(client.authorities.url(authority)).needsAppScope;
  return tokenRequest(client, input, needsScope);
}

/**
 * Stands for a request without scopes in the cache, where no list of scopes equals it: the server may grant it anything.
 */
export const UNSCOPED: readonly string[] = [""];

/** Returns the scopes to look for. The OpenID Connect scopes name no resource, so where one is needed they are left out. */
function appScopes({ scopes, correlationId }: TokenRequest, url: AuthorityUrl): readonly string[] {
  if (dialectOf(url).needsAppScope) return requestedScopes(withoutOidcScopes(scopes), true, correlationId);
  return scopes.length > 0 ? scopes : UNSCOPED;
}

export function appQuery(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  fmiPath?: string,
): AccessTokenQuery {
  return {
    partition: fmiPath ? appPartition(client.clientId, url.realm, fmiPath) : ownPartition(client, url),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [url.realm.toLowerCase()],
    scopes: appScopes(request, url),
    scheme: request.scheme,
    resource: request.resource,
    components: isolated(request),
    // Of the path, MSAL for Go writes only a hash.
    alsoIn: fmiPath ? ownPartition(client, url) : undefined,
  };
}

const ownPartitions = new WeakMap<AuthorityUrl, { readonly clientId: string; readonly key: PartitionKey }>();

/** Returns the key of a client's partition in a tenant, the same object for the same authority: making it takes longer. */
function ownPartition({ clientId }: Client, url: AuthorityUrl): PartitionKey {
  const known = ownPartitions.get(url);
  if (known?.clientId === clientId) return known.key;
  const key = appPartition(clientId, url.realm);
  ownPartitions.set(url, { clientId, key });
  return key;
}
