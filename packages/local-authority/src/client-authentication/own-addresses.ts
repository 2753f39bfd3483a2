import { absoluteUrl } from "../http/absolute-url.js";
import type { TenantScope } from "../directory.js";
import type { AuthorityState } from "../state.js";
import { withoutSlashesAtEnd } from "../tokens/scopes.js";

/**
 * Whether a string is a valid audience for client assertions: the token endpoint, the issuer or the authority URL, with any
 * of this authority's host names and of the tenant's names.
 */
export function isOwnAddress(state: AuthorityState, at: TenantScope, address: unknown): boolean {
  const url = typeof address === "string" ? absoluteUrl(address) : undefined;
  if (url === undefined) return false;
  const { protocol, host, pathname } = url;
  if (protocol !== new URL(state.url).protocol || !isOwnHost(state, host)) return false;
  const path = withoutSlashesAtEnd(pathname.toLowerCase()).slice(1);
  if (at.kind === "adfs") return ["adfs", "adfs/oauth2/token"].includes(path);
  const below = at.kind === "openid" ? "openid" : at.policy?.toLowerCase();
  const policy = below === undefined ? "" : `/${below}`;
  const names = at.tenant === undefined ? [at.segment] : [at.tenant.id, at.tenant.domain];
  const ends = ["", "/v2.0", "/oauth2/v2.0/token"];
  return names.some((name) => ends.some((end) => path === `${name}${policy}${end}`));
}

/** Returns the region in a host name like `westus2.localhost:8443`, modeled on Entra's regional endpoints. */
export function regionOf(state: AuthorityState, host: string): string | undefined {
  const own = `.${new URL(state.url).host}`;
  const region = host.endsWith(own) ? host.slice(0, -own.length) : "";
  return /^[a-z][a-z0-9-]*$/.test(region) ? region : undefined;
}

function isOwnHost(state: AuthorityState, host: string): boolean {
  const { host: own, port } = new URL(state.url);
  const known = [own, `127.0.0.1:${port}`, `[::1]:${port}`, state.mtlsUrl && new URL(state.mtlsUrl).host];
  return known.includes(host) || regionOf(state, host) !== undefined;
}
