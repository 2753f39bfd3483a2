import { boundedMemory, sameIssuer, type BoundedMemory } from "@tessera/core/internal";
import type { GuardApplication, IntrospectionOptions } from "./options.js";
import { invalidToken, type Refusal } from "./refusal.js";

/** The longest time that an answer is used, in seconds, and the usual one. */
export const LONGEST_CACHE = 600;
const USUAL_CACHE = 60;

/** Maximum number of answers that are remembered. */
const MOST = 5000;

/** A token that the provider calls active. */
export interface ActiveToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly isOfApp: boolean;
}

/** What an answer is checked against. */
export interface IntrospectionRules extends IntrospectionOptions {
  readonly app: Pick<GuardApplication, "introspect">;
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Asks the provider about opaque tokens (RFC 7662), and uses its answer for a short while. */
export class Introspection {
  readonly #rules: IntrospectionRules;
  readonly #known: BoundedMemory<ActiveToken>;

  constructor(rules: IntrospectionRules) {
    this.#rules = rules;
    this.#known = boundedMemory(MOST, { now: rules.now });
  }

  /** Whether JWTs are asked about as well. */
  get isForAll(): boolean {
    return this.#rules.always ?? false;
  }

  known(token: string): ActiveToken | undefined {
    return this.#known.get(token);
  }

  /** @throws AuthError if the provider cannot be asked */
  async ask(token: string, signal: AbortSignal | undefined): Promise<ActiveToken | Refusal> {
    const { app, now, cacheSeconds = USUAL_CACHE } = this.#rules;
    const bounds = signal ? { signal } : {};
    const answer = await app.introspect({ token, tokenTypeHint: "access_token", ...bounds });
    if (!answer.active) return invalidToken("The access token is not active", "The provider says so.");
    const reason = this.#reasonAgainst(answer);
    if (reason !== undefined) return invalidToken("The access token is not for this API", reason);
    const { sub, exp, client_id: client, idtyp } = answer;
    const isOfApp = idtyp === "app" || sub === undefined || sub === client;
    const active = { claims: Object.freeze(answer), isOfApp };
    const left = typeof exp === "number" ? exp - now() / 1000 : LONGEST_CACHE;
    const milliseconds = Math.floor(Math.min(cacheSeconds, left) * 1000);
    if (milliseconds > 0) this.#known.set(token, active, milliseconds);
    return active;
  }

  #reasonAgainst({ iss, aud, exp, nbf, ...claims }: Readonly<Record<string, unknown>>): string | undefined {
    const { issuer, audiences, acceptsMissingAudience = false, now } = this.#rules;
    const seconds = now() / 1000;
    if (iss !== undefined && !(typeof iss === "string" && sameIssuer(iss, issuer)))
      return `Its iss is ${JSON.stringify(iss)}.`;
    if (aud === undefined ? !acceptsMissingAudience : !namesOneOf(audiences, aud))
      return `Its aud is ${JSON.stringify(aud)}.`;
    if (exp !== undefined && !(typeof exp === "number" && exp > seconds))
      return `Its exp is ${JSON.stringify(exp)}.`;
    if (nbf !== undefined && !(typeof nbf === "number" && nbf <= seconds + 60))
      return `Its nbf is ${JSON.stringify(nbf)}.`;
    // RFC 7662 §2.2: a refresh token may be active as well.
    const { token_type: type } = claims;
    if (typeof type === "string" && !/^(bearer|dpop|access_token)$/i.test(type))
      return `Its token_type is ${JSON.stringify(type)}.`;
    return undefined;
  }
}

function namesOneOf(audiences: readonly string[], aud: unknown): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return named.some((one) => typeof one === "string" && audiences.includes(one));
}
