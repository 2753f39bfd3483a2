import type { AuthError } from "../errors/errors.js";
import { errorBodyOf } from "../http/answer-body.js";
import type { HttpResponse } from "../http/http-client.js";
import { withPause } from "../http/throttle.js";
import { serverError } from "../response/server-error.js";
import type { Exchange } from "./exchange.js";

/** Returns the error in the response of an endpoint (RFC 6749 §5.2), or `undefined` when there is none. */
export function endpointError(
  response: HttpResponse,
  { client, call }: Pick<Exchange, "client" | "call">,
): AuthError | undefined {
  const body = errorBodyOf(response);
  return body && withPause(serverError(body, response.status, call.correlationId), response, client.clock);
}
