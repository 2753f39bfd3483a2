import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { boundedCall } from "../exchange/accounted.js";
import { endpointError } from "../exchange/endpoint-error.js";
import { authorityOf, requireAccountOf } from "../flows/account-authority.js";
import type { HttpResponse } from "../http/http-client.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call } from "../http/transport.js";
import type { BaseRequest, TokenRequest } from "../request/token-request.js";
import { serverError } from "../response/server-error.js";

/** The fields of a request that yields no token. */
export type EndpointInput = Pick<BaseRequest, "authority" | "correlationId" | "signal" | "timeoutMs">;

/** A call to one of a provider's endpoints. */
export interface EndpointCall {
  readonly client: Client;
  readonly authority: Authority;
  readonly call: Call;
}

/**
 * Runs a call at the provider of the request, within the caller's bounds. What belongs to an account is sent only to the
 * provider of the account.
 *
 * @throws ClientConfigurationError `authority_mismatch` for an account of another provider
 */
export function atProvider<T>(
  client: Client,
  request: TokenRequest,
  account: AccountInfo | undefined,
  run: (context: EndpointCall) => Promise<T>,
): Promise<T> {
  return boundedCall(client, request, async (call) => {
    const url = account
      ? authorityOf(client, request, account)
      : client.authorities.url(request.authorityUrl);
    const authority = await client.authorities.resolve(url, call);
    await requireAccountOf(client, { ...request, authorityUrl: url.href }, account);
    return run({ client, authority, call });
  });
}

/**
 * The error of an endpoint that has refused a request (RFC 6749 §5.2).
 *
 * @param error its code, if the response is not an OAuth error
 */
export function refusalOf(
  name: string,
  response: HttpResponse,
  { client, call }: Pick<EndpointCall, "client" | "call">,
  error = "server_error",
): Error {
  const described = { error, error_description: `The ${name} endpoint returned ${statusOf(response)}.` };
  return (
    endpointError(response, { client, call }) ??
    withPause(serverError(described, response.status, call.correlationId), response, client.clock)
  );
}
