import { sha256Base64Url } from "../../encoding.js";
import { questionOf, searchScopes, splitScopes } from "../../request/scopes.js";
import {
  ADFS,
  GENERIC,
  type AccessTokenEntity,
  type AccountEntity,
  type AppMetadataEntity,
  type IdTokenEntity,
  type RefreshTokenEntity,
} from "./schema.js";

/*
 * Keys as @azure/msal-node 7.x writes them: segments joined by "-", all in lower case. Readers of the schema use the
 * fields, so the keys must be exact only when written.
 */

/** `{home}-{environment}-{utid}`; the realm replaces `utid` for a user of an OpenID Provider or AD FS. */
export function accountKey({ home_account_id: home, environment, realm, ...account }: AccountEntity): string {
  const hasRealm = account.authority_type === ADFS || (account.authority_type === GENERIC && realm);
  const dot = hasRealm ? -1 : home.indexOf(".");
  return join(home, environment, dot >= 0 ? home.slice(dot + 1) : realm);
}

/**
 * `{home}-{environment}-accesstoken-{client}-{realm}-{target}-{scheme}[-{hash}]`, with an empty scheme for Bearer.
 */
export function accessTokenKey(token: AccessTokenEntity): string {
  const scheme = token.token_type?.toLowerCase() === "bearer" ? "" : (token.token_type ?? "");
  const { home_account_id: home, environment, credential_type, client_id, realm, target } = token;
  const { resource, additionalCacheKeyComponents: components, userAssertionHash: assertion } = token;
  const hash = componentsHash(resource ? { ...components, resource } : components);
  const key = `${home ?? ""}-${environment}-${credential_type}-${client_id}-${realm}-${target}-${scheme}`;
  return `${key}${hash === undefined ? "" : `-${hash}`}${assertion === undefined ? "" : `-${assertion}`}`.toLowerCase();
}

/** `{home}-{environment}-idtoken-{client}-{realm}--`. */
export function idTokenKey(token: IdTokenEntity): string {
  return join(...credentialStart(token), token.realm, "", "");
}

/** `{home}-{environment}-refreshtoken-{client or family}-{realm}--[-{assertion hash}]`. */
export function refreshTokenKey(token: RefreshTokenEntity): string {
  const key = [...credentialStart(token, token.family_id), token.realm ?? "", token.resource ?? "", ""];
  return join(...key, ...(token.userAssertionHash ? [token.userAssertionHash] : []));
}

/** `appmetadata-{environment}-{client}`. */
export function appMetadataKey(metadata: AppMetadataEntity): string {
  return join("appmetadata", metadata.environment, metadata.client_id);
}

/**
 * Hash that distinguishes tokens of the same scopes by their components (FMI path, static claims). The components are
 * sorted, so that their order does not matter.
 */
export function componentsHash(components: Readonly<Record<string, string>> | undefined): string | undefined {
  if (!components) return undefined;
  const entries = Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length > 0 ? sha256Base64Url(JSON.stringify(Object.fromEntries(entries))) : undefined;
}

/** Hash of the same components as in MSAL for Go: the value of `ext_cache_key`. */
export function extCacheKey(components: Readonly<Record<string, string>> | undefined): string | undefined {
  const entries = Object.entries(components ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = entries.flat().map((text) => `${Buffer.byteLength(text)}:${text}`);
  return entries.length > 0 ? sha256Base64Url(parts.join("")).toLowerCase() : undefined;
}

/**
 * Whether a token is bound to exactly these components, whichever library wrote it. The scopes that it was requested with
 * ({@link ASKED}) do not bind it.
 */
export function isBoundTo(
  token: AccessTokenEntity,
  components: Readonly<Record<string, string>> | undefined,
): boolean {
  const ofGo = token["ext_cache_key"];
  if (typeof ofGo === "string" && ofGo !== "") return ofGo === extCacheKey(components);
  return sameComponents(withoutAsked(token.additionalCacheKeyComponents), withoutAsked(components));
}

/**
 * The component with the requested scopes of a token, if the provider granted others or spelled them differently. It
 * distinguishes tokens with equal granted scopes: `user_impersonation` is granted for every API.
 */
export const ASKED = "requested_scopes";

/** Returns the components of a token, with its requested scopes unless they are all among the granted ones. */
export function withAsked(
  components: Readonly<Record<string, string>> | undefined,
  asked: readonly string[],
  granted: string,
): Readonly<Record<string, string>> | undefined {
  const known = new Set(splitScopes(granted.toLowerCase()));
  const isGranted = searchScopes(asked).every((scope) => known.has(scope));
  return isGranted ? components : { ...components, [ASKED]: questionOf(asked) };
}

function withoutAsked(components: Readonly<Record<string, string>> | undefined) {
  if (components?.[ASKED] === undefined) return components;
  const { [ASKED]: _, ...others } = components;
  return others;
}

/** Whether two sets of components are equal. */
export function sameComponents(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  if (a === b) return true;
  const names = Object.keys(a ?? {});
  return names.length === Object.keys(b ?? {}).length && names.every((name) => a?.[name] === b?.[name]);
}

function credentialStart(
  credential: AccessTokenEntity | IdTokenEntity | RefreshTokenEntity,
  family?: string,
): readonly string[] {
  return [
    credential.home_account_id ?? "",
    credential.environment,
    credential.credential_type,
    family || credential.client_id,
  ];
}

function join(...segments: readonly string[]): string {
  return segments.join("-").toLowerCase();
}
