import type { Client, HttpClient, HttpResponse } from "@tessera/core";
import {
  clientAuthError,
  createTransport,
  epochSeconds,
  hideSecretsOf,
  isAuthError,
  retryAfterSeconds,
  rootMessage,
  withQuery,
  type SourcedToken,
  type SourceRequest,
  type TokenSource,
  type Transport,
} from "@tessera/core/internal";
import type { ConnectionLimits } from "../http/guarded-connector.js";
import { tokenIn } from "./answer.js";
import type { UserAssigned } from "./configuration.js";
import { BUDGET_MS, sendWithRetries } from "./retry.js";
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
export function managedIdentityTokens(options: TokenOptions): Pick<TokenSource, "token"> {
  return {
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
  const refusal = client.throttle.refusal(throttleKey, correlationId);
  if (refusal) throw refusal;
  logger.verbose(`Requesting a token from the managed identity of the host (${source.name}).`, correlationId);
  request.query.set("token_sha256_to_refresh", await revokedHash(request, wanted));
  request.query.set("xms_cc", client.capabilities.join(","));
  const http = client.watch(httpWith(source.connection?.(environment) ?? {}));
  const transport = createTransport({ http, clock, logger: () => logger, retries: 0 });
  const deadline = clock.now() + BUDGET_MS;
  let sentAt = requestedAt;
  const send = (sent: MetadataRequest): Promise<HttpResponse> =>
    sendWithRetries(
      (timeoutMs) => {
        sentAt = epochSeconds(clock);
        return sendOnce(transport, sent, { timeoutMs, correlationId, signal, tally, advice: source.advice });
      },
      {
        policy: retries ? source.retries : () => undefined,
        clock,
        signal,
        deadline,
        log: (message) => logger.verbose(message, correlationId),
      },
    );
  const first = await send(request);
  const proven = await source.answerChallenge?.(first, request, environment);
  const response = proven ? await send(proven) : first;
  try {
    return tokenIn(response, {
      clock,
      requestedAt,
      sentAt,
      correlationId,
      advice: source.advice,
      hide: hideSecretsOf({ headers: (proven ?? request).headers }),
      confirm: (body) => {
        if (identity) source.confirm?.(body, identity);
      },
    });
  } catch (error) {
    const seconds = retryAfterSeconds(response.headers, clock) ?? 0;
    if (isAuthError(error) && seconds > 0) client.throttle.note(throttleKey, error, Math.min(seconds, 3600));
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
  readonly timeoutMs: number;
  readonly advice: string;
}

async function sendOnce(
  transport: Transport,
  { url, headers, query, body }: MetadataRequest,
  { timeoutMs, advice, ...call }: Sending,
): Promise<HttpResponse> {
  const target = withQuery(url, query.toString());
  // MSAL Node sends this type with a GET, which has no body, as well.
  const all = { "Content-Type": "application/x-www-form-urlencoded;charset=utf-8", ...headers };
  try {
    return body
      ? await transport.post(target, { body: body.toString(), headers, timeoutMs }, call)
      : await transport.get(target, call, { headers: all, timeoutMs });
  } catch (error) {
    if (!isAuthError(error) || error.errorCode !== "network_error" || !(error.cause instanceof Error))
      throw error;
    throw clientAuthError(
      "network_error",
      `The managed identity's endpoint ${url} does not answer: ${rootMessage(error.cause)}. ${advice}`,
      { correlationId: call.correlationId, cause: error.cause },
    );
  }
}
