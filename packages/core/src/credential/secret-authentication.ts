import type { Authority } from "../authority/authority.js";
import { BoundedMap } from "../bounded-map.js";
import type { AuthMethod } from "../dialect/auth-methods.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import { Parameters } from "../request/parameters.js";
import { assertionAuthentication } from "./assertion-source.js";
import type { ClientAuthentication } from "./client-authentication.js";
import { SharedRenewals } from "./shared-renewals.js";
import type { AssertionSigner } from "./signed-assertion.js";

/** The argument of a secret callback. */
export interface SecretContext {
  /**
   * The secret that the server has just refused (`invalid_client`): return another one, not one that was kept. The
   * request is then sent once more.
   */
  readonly refusedSecret?: string;
  /** Aborts when no call waits for the secret any more, or its time (`system.callTimeoutMs`) is over. */
  readonly signal?: AbortSignal;
}

/** A secret, or a function that fetches one when it is needed. */
export type SecretSource = string | ((context: SecretContext) => Promise<string>);

/** Maximum number of issuers whose method is remembered. */
const MOST_ISSUERS = 1000;

/** Authenticates a client with a secret: posted, with HTTP Basic (RFC 6749 §2.3.1), or as the key of an assertion. */
export class SecretAuthentication {
  readonly #source: SecretSource;
  readonly #client: { readonly clientId: string; readonly method: AuthMethod | undefined };
  readonly #signer: AssertionSigner;
  readonly #renewals = new SharedRenewals<string>();
  /** The last secret in HTTP Basic. */
  #basic: { readonly secret: string; readonly header: string } | undefined;
  /** The method that an issuer has accepted, where the provider takes either. */
  readonly #accepted = new BoundedMap<{ readonly method: AuthMethod }>(MOST_ISSUERS);

  /** @param client `method`: the client's registered method, if configured; then no other is used */
  constructor(
    source: SecretSource,
    client: { readonly clientId: string; readonly method: AuthMethod | undefined },
    signer: AssertionSigner,
  ) {
    this.#source = source;
    this.#client = client;
    this.#signer = signer;
  }

  /**
   * A refused authentication is renewed once: by the provider's other method until one has been accepted, and after that
   * with a fresh secret, if a function provides it.
   */
  authentication(
    authority: Authority,
    signal?: AbortSignal,
  ): ClientAuthentication | Promise<ClientAuthentication> {
    const source = this.#source;
    const [method, other] = this.#methods(authority);
    if (typeof source !== "function" && !other) return this.#present(authority, method, source);
    return this.#renewable(authority, [method, other], signal);
  }

  async #renewable(
    authority: Authority,
    [method, other]: readonly [AuthMethod, AuthMethod?],
    signal: AbortSignal | undefined,
  ): Promise<ClientAuthentication> {
    const source = this.#source;
    const since = this.#renewals.mark();
    const secret = await secretFrom(source, signal ? { signal } : {});
    const proof = await this.#present(authority, method, secret);
    if (other) {
      const remembered = (by: AuthMethod) => (): void =>
        this.#accepted.set(authority.metadata.issuer, { method: by });
      return {
        ...proof,
        accepted: remembered(method),
        renew: async () => ({
          ...(await this.#present(authority, other, secret)),
          accepted: remembered(other),
        }),
      };
    }
    if (typeof source !== "function") return proof;
    const fresh = async (waiting: AbortSignal | undefined): Promise<string> =>
      secretFrom(source, { refusedSecret: secret, ...(waiting ? { signal: waiting } : {}) });
    const renewed = (waiting: AbortSignal | undefined): Promise<string> =>
      this.#renewals.run(source, { key: "", since, signal: waiting }, fresh);
    return {
      ...proof,
      renew: async (waiting) => this.#present(authority, method, await renewed(waiting)),
    };
  }

  /** The method to use, and the one to try if the server refuses the client. */
  #methods({ url, metadata }: Authority): readonly [AuthMethod, AuthMethod?] {
    const { method } = this.#client;
    if (method) return [method];
    const accepted = this.#accepted.get(metadata.issuer);
    return accepted ? [accepted.method] : dialectOf(url).secretMethods(metadata);
  }

  #present(
    authority: Authority,
    method: AuthMethod,
    secret: string,
  ): ClientAuthentication | Promise<ClientAuthentication> {
    if (method === "client_secret_jwt")
      return this.#signer.withSecret(secret, authority).then(assertionAuthentication);
    if (method !== "client_secret_basic")
      return { parameters: new Parameters().set("client_secret", secret), headers: {} };
    if (this.#basic?.secret !== secret)
      this.#basic = { secret, header: basic(this.#client.clientId, secret) };
    return {
      parameters: new Parameters(),
      headers: { authorization: this.#basic.header },
      namesClient: !dialectOf(authority.url).repeatsClientId,
    };
  }
}

/**
 * Returns the secret of a source.
 *
 * @throws ClientAuthError `invalid_client_credential` if a function returns none
 */
export function secretFrom(source: SecretSource, context: SecretContext): string | Promise<string> {
  return typeof source === "function" ? askedFor(source, context) : source;
}

async function askedFor(source: Exclude<SecretSource, string>, context: SecretContext): Promise<string> {
  const secret: unknown = await source(context);
  // A file that it was read from may end in a line break.
  const text = typeof secret === "string" ? secret.replace(/[\r\n]{1,2}$/, "") : "";
  if (text !== "") return text;
  throw clientAuthError(
    "invalid_client_credential",
    "clientSecret returned an empty secret, or not a string: return the secret that the provider issued, or the JWT that stands for it.",
  );
}

function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString("base64")}`;
}

/** Encodes as `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 requires before Basic encoding. */
function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
