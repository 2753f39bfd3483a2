import { clientAuthError } from "../errors/errors.js";
import { Parameters } from "../request/parameters.js";
import type { ClientAuthentication } from "./client-authentication.js";
import { SharedRenewals } from "./shared-renewals.js";

/** The argument of an assertion callback. */
export interface AssertionContext {
  readonly clientId: string;
  /** URL the assertion will be sent to. Always set when the library calls the callback. */
  readonly tokenEndpoint?: string;
  /** Path of the agent identity (`fmi_path`) the token is for, if the request names one. */
  readonly fmiPath?: string;
  /**
   * The assertion that the server has just refused (`invalid_client`): return another one, not one that was kept. The
   * request is then sent once more. Treat it as a secret.
   */
  readonly refusedAssertion?: string;
  /**
   * Aborts when no call waits for the assertion any more, or its time (`system.callTimeoutMs`) is over. Pass it on to what the
   * function waits for.
   */
  readonly signal?: AbortSignal;
}

/** A signed assertion, or a function that fetches one when it is needed. */
export type AssertionSource = string | ((context: AssertionContext) => Promise<string>);

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Authenticates a client with a signed assertion (RFC 7523 §2.2). */
export function assertionAuthentication(assertion: string): ClientAuthentication {
  const parameters = new Parameters()
    .set("client_assertion", assertion)
    .set("client_assertion_type", JWT_BEARER);
  return { parameters, headers: {} };
}

/** Authenticates with assertions that were signed elsewhere. */
export class GivenAssertions {
  readonly #renewals = new SharedRenewals<string>();

  /**
   * @param reusable whether the provider accepts an assertion more than once, so that several requests may share one
   * @throws ClientAuthError `invalid_assertion`, or whatever the source throws
   */
  async authentication(
    source: AssertionSource,
    context: AssertionContext,
    reusable: boolean,
  ): Promise<ClientAuthentication> {
    if (typeof source !== "function") return assertionAuthentication(checkedAssertion(source));
    const since = this.#renewals.mark();
    const refusedAssertion = checkedAssertion(await source(context));
    const fresh = async (signal: AbortSignal | undefined): Promise<string> =>
      checkedAssertion(await source({ ...context, refusedAssertion, ...(signal ? { signal } : {}) }));
    const key = JSON.stringify([context.tokenEndpoint, context.fmiPath]);
    const renew = (signal: AbortSignal | undefined): Promise<string> =>
      reusable ? this.#renewals.run(source, { key, since, signal }, fresh) : fresh(signal);
    return {
      ...assertionAuthentication(refusedAssertion),
      renew: async (signal) => assertionAuthentication(await renew(signal)),
    };
  }
}

/** @throws ClientAuthError `invalid_assertion` */
export function checkedAssertion(assertion: unknown): string {
  // A file that it was read from may end in a line break, which no JWT has.
  const jwt = typeof assertion === "string" ? assertion.trim() : "";
  if (jwt !== "") return jwt;
  throw clientAuthError(
    "invalid_assertion",
    "clientAssertion is empty or not a string: set a signed JWT, or a function that returns one.",
  );
}
