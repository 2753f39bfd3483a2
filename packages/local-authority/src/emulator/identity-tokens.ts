import { createHash } from "node:crypto";
import type { ManagedIdentity } from "../config/config.js";
import { readJwt } from "../crypto/jwt.js";
import { signAppAccessToken } from "../dialects/sign-tokens.js";
import type { Parameters } from "../http/parameters.js";
import type { AuthorityState } from "../state.js";
import { findAudience } from "../tokens/scopes.js";

/** A token of a managed identity. Times are in seconds since the epoch. */
export interface IdentityToken {
  readonly accessToken: string;
  readonly identity: ManagedIdentity;
  readonly resource: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Issues the tokens of a host, and keeps them. */
export interface IdentityTokens {
  /**
   * Returns the token for a resource. As on a real host, it is the same until half of its lifetime has passed.
   *
   * @param query `xms_cc`: capabilities of the client. `token_sha256_to_refresh`: hash of a token that an API has rejected,
   * which is replaced
   * @throws {AadstsError} 500011
   */
  issue(identity: ManagedIdentity, resource: string, query: Parameters): Promise<IdentityToken>;
}

export function createIdentityTokens(state: AuthorityState): IdentityTokens {
  const kept = new Map<string, Promise<IdentityToken>>();
  const sign = async (
    identity: ManagedIdentity,
    resource: string,
    capabilities: readonly string[],
  ): Promise<IdentityToken> => {
    const { directory, config } = state;
    const at = directory.findTenant(identity.tenantId);
    const app = directory.findApp(identity.clientId, at);
    const tenant = at.tenant ?? config.tenants[0];
    if (tenant === undefined) throw new Error(`The tenant ${identity.tenantId} does not exist.`);
    const accessToken = await signAppAccessToken(state, {
      at,
      app,
      tenant,
      audience: findAudience(resource, directory, tenant.name),
      claims: { idToken: [], clientCapabilities: capabilities },
      azpacr: "2",
      lifetime: "managedIdentityToken",
    });
    const { iat: issuedAt = 0, exp: expiresAt = 0 } = readJwt(accessToken)?.claims ?? {};
    return { accessToken, identity, resource, issuedAt, expiresAt };
  };

  return {
    issue: async (identity, resource, { xms_cc: given = "", token_sha256_to_refresh: rejected }) => {
      const capabilities = given.split(",").filter((capability) => capability !== "");
      const key = JSON.stringify([identity.clientId, resource, capabilities]);
      const before = await kept.get(key);
      if (before !== undefined && !isDue(before, state.clock.seconds()) && !isHashOf(rejected, before)) {
        return before;
      }
      const token = sign(identity, resource, capabilities);
      kept.set(key, token);
      // A refusal is not kept.
      token.catch(() => kept.delete(key));
      return token;
    },
  };
}

function isDue({ issuedAt, expiresAt }: IdentityToken, now: number): boolean {
  return now < issuedAt || now >= issuedAt + (expiresAt - issuedAt) / 2;
}

function isHashOf(hash: string | undefined, { accessToken }: IdentityToken): boolean {
  return hash?.toLowerCase() === createHash("sha256").update(accessToken).digest("hex");
}
