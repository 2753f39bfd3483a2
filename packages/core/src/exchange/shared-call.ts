import { withinBounds } from "../flight/deadline.js";
import type { Call } from "../http/transport.js";
import { checkFieldTypes } from "../request/field-types.js";
import { flightKey } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import type { Client } from "../client/client.js";

/**
 * Runs a network acquisition so that equal calls share it (single flight), each caller with its own deadline, its own
 * way to leave, and its own correlation id in the result and in the error.
 *
 * @param flow what makes two calls equal beside the fields of the request: the flow, its authority, what it makes itself
 * @param acquire goes out under the correlation id of the first caller; its signal aborts when all have left
 * @throws ClientAuthError `request_timeout`, `request_aborted`; ClientConfigurationError `invalid_option` for a field of a
 * wrong type
 */
export function sharedCall(
  client: Client,
  request: TokenRequest,
  flow: readonly unknown[],
  acquire: (call: Call) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const { correlationId } = request;
  checkFieldTypes(request.given, correlationId);
  return withinBounds(request, async (signal) => {
    const result = await client.flights.run(flightKey(request.given, flow), signal, (shared) =>
      acquire({ correlationId, signal: shared }),
    );
    return result.correlationId === correlationId ? result : resultFor(result, correlationId);
  });
}

/** What a caller may change is its own. */
function resultFor(result: AuthenticationResult, correlationId: string): AuthenticationResult {
  const { scopes, account } = result;
  return { ...result, scopes: scopes.slice(), account: account ? { ...account } : account, correlationId };
}
