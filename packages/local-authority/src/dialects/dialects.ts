import type { TenantScope } from "../directory.js";
import { adfs } from "./adfs.js";
import { b2c } from "./b2c.js";
import type { Dialect } from "./dialect.js";
import { entra } from "./entra.js";
import { openid } from "./openid.js";

const dialects = { entra, b2c, adfs, openid } as const satisfies Readonly<
  Record<TenantScope["kind"], Dialect>
>;

/** Returns the dialect of an authority. */
export function dialectOf({ kind }: Pick<TenantScope, "kind">): Dialect {
  return dialects[kind];
}

/** Returns the dialect of errors at a path, for requests that are not resolved to an authority. */
export function dialectAt(path: string): Dialect {
  if (/^\/adfs\//.test(path)) return adfs;
  if (/^\/[^/]+\/openid\//.test(path)) return openid;
  return policyPath.test(path) ? b2c : entra;
}

const policyPath = /^\/[^/]+\/b2c_1/i;

/** Returns where a code or refresh token is accepted: anywhere at Entra, at one B2C policy or standard issuer, or at AD FS. */
export function realmOf({ kind, tenant, policy }: TenantScope): string {
  if (kind === "openid") return JSON.stringify([tenant?.id, kind]);
  return kind === "b2c" ? JSON.stringify([tenant?.id, policy?.toLowerCase()]) : kind;
}
