import type { Client, HttpClient, HttpResponse } from "@tessera/core";
import {
  clientAuthError,
  createTransport,
  epochSeconds,
  hideSecretsOf,
  isAuthError,
  pauseAfter,
  rootMessage,
  withAttempts,
  withPauseOf,
  withQuery,
  type Schedule,
  type SourcedToken,
  type SourceRequest,
  type TokenSource,
  type Transport,
} from "@tessera/core/internal";
import type { ConnectionLimits } from "../http/guarded-connector.js";
import { tokenIn } from "./answer.js";
import type { UserAssigned } from "./configuration.js";
import { BUDGET_MS } from "./retry.js";
import type { Environment, ManagedIdentitySource, MetadataRequest } from "./source.js";
import { sourceIn } from "./sources.js";

/** What the tokens of a managed identity are requested with. */
export interface TokenOptions {
  readonly client: Client;
  readonly identity: UserAssigned | undefined;
  /** Whether a request is repeated after an error that may pass. */
  readonly retries: boolean;
  /** Returns the client to send with. */
  readonly httpWith: (limits: ConnectionLimits) => HttpClient;
}

/** Gets tokens from the endpoint of the host. The environment is read for each request: hosts rotate their secrets. */
export function managedIdentityTokens(options: TokenOptions): TokenSource {
  return {
    hasOwnTime: true,
    async token(wanted) {
      const environment = process.env;
      return tokenFrom(sourceIn(environment), wanted, { ...options, environment });
    },
  };
}

type Context = TokenOptions & { readonly environment: Environment };

async function tokenFrom(
  source: ManagedIdentitySource,
  wanted: SourceRequest,
  { client, identity, retries, httpWith, environment }: Context,
): Promise<SourcedToken> {
  const { clock } = client;
  const { correlationId, requestedAt, signal, tally } = wanted;
  const [resource = ""] = wanted.scopes;
  const logger = client.logger();
  const warn = (message: string): void => logger.warning(message, correlationId);
  const request = source.request({ resource, identity, environment, correlationId, warn });
  const throttleKey = [request.url, client.clientId, resource].join(" ");
  const refusal = client.failures.refusal(throttleKey, correlationId);
  if (refusal) throw refusal;
  logger.verbose(`Requesting a token from the managed identity of the host (${source.name}).`, correlationId);
  request.query.set("token_sha256_to_refresh", await revokedHash(request, wanted));
  request.query.set("xms_cc", client.capabilities.join(","));
  const http = httpWith(source.connection?.(environment) ?? {});
  const { hosts } = client.transport;
  let sentAt = requestedAt;
  const transport = createTransport({
    http: {
      send: (sent) => {
        sentAt = epochSeconds(clock);
        return http.send(sent);
      },
    },
    clock,
    hosts,
    logger: () => logger,
    retries: 0,
    budgetMs: BUDGET_MS,
    observer: () => client.observer(),
  });
  const budget = transport.budget();
  const schedule = retries ? source.retries : undefined;
  const send = (sent: MetadataRequest): Promise<HttpResponse> =>
    sendOnce(transport, sent, { correlationId, signal, tally, budget, schedule, advice: source.advice });
  const first = await send(request);
  const proven = await source.answerChallenge?.(first, request, environment);
  const response = proven ? await send(proven) : first;
  try {
    return tokenIn(response, {
      clock,
      requestedAt,
      sentAt,
      correction: Math.round(hosts.correctionAt(request.url) / 1000),
      correlationId,
      advice: source.advice,
      hide: hideSecretsOf({ headers: (proven ?? request).headers }),
      confirm: (body) => {
        if (identity) source.confirm?.(body, identity);
      },
    });
  } catch (error) {
    if (!isAuthError(error)) throw error;
    withAttempts(error, response);
    // What the host prescribes to try again may pass.
    if (source.retries([response.status]) !== undefined) error.isRetryable = true;
    // Its host prescribes when it is asked again after HTTP 429 without `Retry-After`.
    const pause = pauseAfter(response, clock, 0);
    if (pause !== undefined) client.failures.notePause(throttleKey, error, pause);
    throw error;
  }
}

/** The SHA-256 of the token that an API has refused, so that the host also drops it from its cache. */
async function revokedHash(
  { takesRevokedToken }: MetadataRequest,
  wanted: SourceRequest,
): Promise<string | undefined> {
  const token = takesRevokedToken ? await wanted.revokedToken() : undefined;
  if (token === undefined) return undefined;
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(token).digest("hex");
}

interface Sending extends Pick<SourceRequest, "correlationId" | "signal" | "tally"> {
  readonly budget: ReturnType<Transport["budget"]>;
  readonly schedule: Schedule | undefined;
  readonly advice: string;
}

async function sendOnce(
  transport: Transport,
  { url, headers, query, body }: MetadataRequest,
  { schedule, advice, ...call }: Sending,
): Promise<HttpResponse> {
  const target = withQuery(url, query.toString());
  // MSAL Node sends this type with a GET, which has no body, as well.
  const all = { "Content-Type": "application/x-www-form-urlencoded;charset=utf-8", ...headers };
  try {
    return body
      ? await transport.post(target, { body: body.toString(), headers, schedule }, call)
      : await transport.get(target, call, { headers: all, schedule });
  } catch (error) {
    if (!isAuthError(error) || error.errorCode !== "network_error" || !(error.cause instanceof Error))
      throw error;
    const own = clientAuthError(
      "network_error",
      `The managed identity's endpoint ${url} does not answer: ${rootMessage(error.cause)}. ${advice}`,
      { correlationId: call.correlationId, cause: error.cause },
    );
    throw withPauseOf(own, error);
  }
}
