import { Logger } from "@tessera/core";
import {
  clientAuthError,
  createTransport,
  hideSecretsOf,
  parseJsonObject,
  statusOf,
  systemClock,
  withPause,
  type HttpResponse,
  type Transport,
} from "@tessera/core/internal";
import { createUndiciHttpClient } from "../http/undici-http-client.js";
import { isJwt } from "./jwt.js";

/** A service of the host that issues tokens to the jobs that run there. */
export interface TokenService {
  /** Names the service in errors. */
  readonly name: string;
  /** The member of its answer that is the token. */
  readonly member: string;
  /** What to do when there is no token in its answer. */
  readonly remedy: string;
  /** Response headers that the operators of the service ask for. */
  readonly traceHeaders?: readonly string[];
}

/** The context of requests that belong to no call. */
export const NO_CALL = { correlationId: "" };

/** Longest part of a service's own words that an error repeats, in characters. */
const LONGEST_QUOTE = 300;

/** Sends requests to a token service. Nothing is logged, and redirects are not followed. */
export function serviceTransport(): Transport {
  return createTransport({
    http: createUndiciHttpClient({}),
    clock: systemClock,
    logger: () => new Logger({}),
  });
}

/**
 * Returns the token in the answer of a service.
 *
 * @param headers of the request: their credentials are hidden if the service repeats them
 * @throws ClientAuthError `invalid_assertion` with the remedy
 */
export function tokenIn(
  response: HttpResponse,
  service: TokenService,
  headers: Readonly<Record<string, string>>,
): string {
  const body = parseJsonObject(response.body);
  const token = response.status === 200 ? body?.[service.member] : undefined;
  if (typeof token === "string" && isJwt(token)) return token;
  const hide = hideSecretsOf({ headers });
  const message = typeof body?.["message"] === "string" ? body["message"] : "";
  const said = message ? ` (${hide(message).slice(0, LONGEST_QUOTE)})` : "";
  const traces = (service.traceHeaders ?? []).flatMap((name) => {
    const value = response.headers[name];
    return value ? [`${name} ${hide(value)}`] : [];
  });
  const trace = traces.length > 0 ? ` For its support: ${traces.join(", ")}.` : "";
  const error = clientAuthError(
    "invalid_assertion",
    `${service.name} returned ${statusOf(response)}${formOf(response)} without a token${said}: ${service.remedy}.${trace}`,
  );
  throw withPause(error, response, systemClock);
}

/** What a service answers with when it wants a person to sign in. */
function formOf({ status, body }: HttpResponse): string {
  if (status >= 300 && status < 400) return ", a redirect";
  return body.trimStart().startsWith("<") ? ", a web page" : "";
}
