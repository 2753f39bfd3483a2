import type { AuthorityKind, AuthorityUrl } from "../authority/authority-url.js";
import { adfs } from "./adfs.js";
import type { Dialect } from "./dialect.js";
import { entra } from "./entra.js";
import { externalId } from "./external-id.js";
import { openid } from "./openid.js";

const DIALECTS: Readonly<Record<AuthorityKind, Dialect>> = { entra, ciam: externalId, adfs, oidc: openid };

/** Returns the dialect of an authority. */
export function dialectOf({ kind }: Pick<AuthorityUrl, "kind">): Dialect {
  return DIALECTS[kind];
}
