import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { parseJsonObject } from "../encoding.js";
import { ServerError } from "../errors/errors.js";
import { boundedCall } from "../exchange/accounted.js";
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

/** The error of an endpoint at which the client authenticates (RFC 6749 §5.2). */
export function endpointError(name: string, response: HttpResponse, { client, call }: EndpointCall): Error {
  const { correlationId } = call;
  const body = parseJsonObject(response.body);
  const error =
    body?.["error"] === undefined
      ? new ServerError(
          "server_error",
          correlationId,
          `The ${name} endpoint returned ${statusOf(response)}.`,
          undefined,
          undefined,
          response.status,
        )
      : serverError(body, response.status, correlationId);
  return withPause(error, response, client.clock);
}
