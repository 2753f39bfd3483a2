import { sha256Base64Url } from "../encoding.js";
import type { Parameters } from "../request/parameters.js";
import type { Exchange } from "./exchange.js";
import { notedFailure } from "./noted-failure.js";

/** Parameters that are new in each request. */
const NEW_EACH_TIME: ReadonlySet<string> = new Set([
  "client-request-id",
  "client_notification_token",
  "code_challenge",
  "dpop_jkt",
  "nonce",
  "state",
]);

/**
 * Runs a request to an endpoint of the provider, unless an equal one has just failed: then the caller gets a copy of that
 * error. Token requests are covered by the exchange that they belong to.
 *
 * @param endpoint its name in the discovery document
 * @param parameters include everything that distinguishes the request from others
 */
export function pacedRequest<T>(
  { client, authority, call }: Pick<Exchange, "client" | "authority" | "call">,
  endpoint: string,
  parameters: Parameters,
  send: () => Promise<T>,
): Promise<T> {
  const equal = parameters.entries().filter(([name]) => !NEW_EACH_TIME.has(name));
  // A hash, because parameters may be tokens.
  const key = sha256Base64Url(JSON.stringify([authority.url.href, endpoint, equal]));
  return notedFailure(client, call, key, (noted) => {
    noted.onAsk?.();
    return send();
  });
}
