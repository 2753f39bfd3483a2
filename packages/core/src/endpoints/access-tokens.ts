import { accessTokenIssuerMatches } from "../authority/access-token-issuer.js";
import type { Authority } from "../authority/authority.js";
import { BoundedMap } from "../bounded-map.js";
import type { Client } from "../client/client.js";
import { newCorrelationId } from "../correlation-id.js";
import { clientAuthError } from "../errors/errors.js";
import { boundedCall } from "../exchange/accounted.js";
import type { Bounds } from "../flight/deadline.js";
import type { Call } from "../http/transport.js";
import { isOfApp } from "../response/access-token-subject.js";
import { jwtHeader, type RawClaims } from "../response/id-token.js";
import { ACCESS_TOKEN } from "../response/jwt-kind.js";
import type { KeySet } from "../response/key-set.js";
import { secondsAt, verifiedJwt, type Refuse } from "../response/verify-jwt.js";

/** Which tenants' tokens are accepted: their IDs, or a function that is asked each time. */
export type AcceptedTenants = readonly string[] | ((tenantId: string) => boolean | Promise<boolean>);

/** What an access token is validated against, beside its authority. */
export interface AccessTokenRules {
  /** The audiences of which a token must name one. */
  readonly audiences: readonly string[];
  /** The `typ` of the header, if the provider promises one. */
  readonly types?: readonly string[] | undefined;
  readonly tenants?: AcceptedTenants | undefined;
}

/** An access token that was validated. */
export interface VerifiedAccessToken {
  /** Frozen, because all calls with the token share them. */
  readonly claims: RawClaims;
  /** Whether it is an app's own, rather than a user's. */
  readonly isOfApp: boolean;
}

/** A token that goes on being trusted until it expires, or its key is no longer published. */
interface Trusted {
  readonly token: VerifiedAccessToken;
  readonly authority: Authority;
  readonly keys: KeySet;
  /** In seconds since the epoch. */
  readonly exp: number;
}

/** Maximum number of tokens that are remembered. */
const MOST_TOKENS = 5000;

/** The types of access tokens where none is promised (RFC 9068 §2.1, RFC 7519 §5.1). */
const USUAL_TYPES: readonly unknown[] = [undefined, "jwt", "at+jwt"];

/** Validates the access tokens that an API is called with (RFC 9068 §4), each once while it is remembered. */
export class AccessTokens {
  readonly #client: Client;
  readonly #rules: AccessTokenRules;
  readonly #tenants: ReadonlySet<string> | undefined;
  readonly #trusted = new BoundedMap<Trusted>(MOST_TOKENS);

  /** @param client of the authority that issues the tokens; its cache is not used */
  constructor(client: Client, rules: AccessTokenRules) {
    const { tenants } = rules;
    this.#client = client;
    this.#rules = rules;
    this.#tenants = typeof tenants === "object" ? new Set(tenants.map((id) => id.toLowerCase())) : undefined;
  }

  /** Returns a token that has been validated, unless a tenant has to be asked for. */
  known(token: string): VerifiedAccessToken | undefined {
    return typeof this.#rules.tenants === "function" ? undefined : this.#remembered(token);
  }

  /**
   * Validates a token: its type, issuer, tenant, audience, times and signature.
   *
   * @throws ClientAuthError `invalid_access_token` for a token that is refused; `token_parsing_error` for one that is not a
   * JWT; `invalid_id_token`, `endpoints_resolution_error`, `network_error` when the keys cannot be read
   */
  verify(token: string, given: Partial<Bounds> = {}): Promise<VerifiedAccessToken> {
    const { correlationId = newCorrelationId(), signal, timeoutMs } = given;
    return boundedCall(this.#client, { correlationId, signal, timeoutMs }, (call) =>
      this.#verified(token, call),
    );
  }

  async #verified(token: string, call: Call): Promise<VerifiedAccessToken> {
    const client = this.#client;
    const refuse: Refuse = (reason) => {
      throw clientAuthError(ACCESS_TOKEN.code, `The access token is refused: ${reason}.`, call);
    };
    const remembered = this.#remembered(token);
    if (remembered) {
      await this.#requireTenant(remembered.claims, refuse);
      return remembered;
    }
    const typ = this.#typeOf(token, refuse);
    const authority = await client.authorities.resolve(client.authorities.url(client.defaultAuthority), call);
    let ofApp = false;
    const { claims, keys } = await verifiedJwt(
      token,
      {
        kind: ACCESS_TOKEN,
        client,
        authority,
        audiences: this.#rules.audiences,
        isIssuer: accessTokenIssuerMatches,
        check: (given) => {
          ofApp = isOfApp(authority, given, typ, refuse);
          this.#requireListed(given, refuse);
        },
      },
      call,
    );
    await this.#requireTenant(claims, refuse);
    const accepted = { claims: frozen(claims), isOfApp: ofApp };
    if (keys) this.#trusted.set(token, { token: accepted, authority, keys, exp: Number(claims["exp"]) });
    return accepted;
  }

  #remembered(token: string): VerifiedAccessToken | undefined {
    const trusted = this.#trusted.get(token);
    if (!trusted) return undefined;
    const { keys } = this.#client;
    if (keys.isCurrent(trusted.keys) && secondsAt(trusted.authority, this.#client) < trusted.exp)
      return trusted.token;
    this.#trusted.delete(token);
    return undefined;
  }

  /** Returns the type of a token. One of another purpose is not an access token (RFC 8725 §3.11). */
  #typeOf(token: string, refuse: Refuse): unknown {
    const { types } = this.#rules;
    const { typ } = jwtHeader(token);
    const name = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : typ;
    if ((types ?? USUAL_TYPES).includes(name)) return name;
    return refuse(
      `its typ is ${JSON.stringify(typ)}, ${types ? `not "${types.join('" or "')}"` : "that of another token"}`,
    );
  }

  /** Asked before keys are fetched. */
  #requireListed({ tid }: RawClaims, refuse: Refuse): void {
    if (this.#tenants && !(typeof tid === "string" && this.#tenants.has(tid.toLowerCase())))
      refuse(`its tenant, ${JSON.stringify(tid)}, is not accepted`);
  }

  /** Asked once the claims are trusted. */
  async #requireTenant({ tid }: RawClaims, refuse: Refuse): Promise<void> {
    const { tenants } = this.#rules;
    if (typeof tenants !== "function") return;
    if (typeof tid !== "string" || !(await tenants(tid)))
      refuse(`its tenant, ${JSON.stringify(tid)}, is not accepted`);
  }
}

function frozen(claims: RawClaims): RawClaims {
  for (const name in claims) {
    const value = claims[name];
    if (typeof value === "object" && value !== null) frozen(value as RawClaims);
  }
  return Object.freeze(claims);
}
