import { endpointOf } from "../authority/endpoint.js";
import { requireTurn, requireUnsent } from "../cache/storage/held-turn.js";
import type { AssertionOverride } from "../credential/client-credential.js";
import type { ClientAuthentication } from "../credential/client-authentication.js";
import type { Clock } from "../clock.js";
import { isClockWrong } from "../http/clock-skew.js";
import { dialectOf } from "../dialect/dialects.js";
import type { BindingKey } from "../dpop/binding-key.js";
import type { HttpResponse } from "../http/http-client.js";
import { secureEndpoint } from "../http/secure-url.js";
import { repeatsOfForm } from "../http/retry-policy.js";
import { pauseAfter } from "../http/throttle.js";
import { noTimeLeft, withinCallTime } from "../http/within-call-time.js";
import { mayBeError } from "../http/without-echo.js";
import type { Call, Form } from "../http/transport.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { answerBody } from "../http/answer-body.js";
import type { Exchange } from "./exchange.js";

/** A form for an endpoint of the provider at which the client authenticates. */
export interface ClientForm {
  /** The endpoint's name in the discovery document, such as `token_endpoint`. */
  readonly endpoint: string;
  readonly parameters: Parameters;
  /** Claims parameter (OpenID Connect Core §5.5). */
  readonly claims?: string | undefined;
  /** The caller's parameters, which never replace the protocol's own. */
  readonly extraParameters?: Readonly<Record<string, string>> | undefined;
  readonly query?: Parameters;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Authenticates the client in place of its own credential. */
  readonly authentication?: AssertionOverride | undefined;
  /** The key that tokens are to be bound to: the form comes with a proof of its possession (RFC 9449 §5). */
  readonly key?: BindingKey | undefined;
  /** Called right before the form is written to a connection, when nothing else can stop it. */
  readonly onSend?: () => void;
}

/**
 * Posts a form with the client's authentication (RFC 6749 §2.3). If the server refuses the client, a function that provides
 * the credential is asked once more. If it wants another nonce in a proof of possession, the form is sent once more with
 * that nonce.
 *
 * @throws ClientAuthError `openid_config_error` when the provider does not publish the endpoint, `network_error`
 */
export async function sendClientForm(
  { client, authority, call, turn }: Pick<Exchange, "client" | "authority" | "call" | "turn">,
  form: ClientForm,
): Promise<HttpResponse> {
  let hasNonce = false;
  let hasNewTime = false;
  const repeats = repeatsOfForm(form.endpoint, form.parameters.get("grant_type"));
  const { authentication } = form;
  const isBounded = authentication?.assertion ? !authentication.isStep : client.waitsForCredential;
  const provided = (
    provide: (signal?: AbortSignal) => ClientAuthentication | Promise<ClientAuthentication>,
  ): ClientAuthentication | Promise<ClientAuthentication> =>
    isBounded ? withinCallTime(call, "credential of the client", provide) : provide(call.signal);
  const authenticate = (): ClientAuthentication | Promise<ClientAuthentication> =>
    provided((signal) => client.authenticate(authority, authentication, signal));
  const prepared = async (proof: ClientAuthentication): Promise<Filled> => {
    const made = await filled({ client, authority, call }, form, proof);
    // A process that was suspended meanwhile must not send a grant that another one has used.
    if (turn) await requireTurn(turn);
    return made;
  };
  const send = async (proof: ClientAuthentication): Promise<HttpResponse> => {
    const { url, body, headers, tls } = await prepared(proof);
    const refreshToken = form.parameters.get("refresh_token");
    const rotates = refreshToken !== undefined && dialectOf(authority.url).rotatesRefreshTokens;
    call.signal?.throwIfAborted();
    const isForOnce = rotates || repeats === "never";
    if (isForOnce) requireTime(form, call);
    const onSend = (): void => {
      // Making the connection may have taken long.
      if (isForOnce) requireTime(form, call);
      if (turn && rotates) requireUnsent(turn, refreshToken, call);
      form.onSend?.();
    };
    // An assertion of the client, and a proof of possession, may be good for one request.
    const again = async (): Promise<Filled> => prepared(await authenticate());
    const { hosts } = client.transport;
    const correction = hosts.correctionAt(url);
    const response = await client.transport.post(url, { body, headers, tls, repeats, onSend, again }, call);
    hasNewTime = isClockWrong(hosts.correctionAt(url) - correction);
    const nonce = response.headers["dpop-nonce"];
    hasNonce = nonce !== undefined && client.dpop.noteNonce(url, nonce);
    return response;
  };
  let proof = await authenticate();
  let response = await send(proof);
  if ((form.key && hasNonce && wantsNonce(response)) || (hasNewTime && refusesTime(response))) {
    // The server has not looked at the grant yet. An assertion of the client is good for one request.
    proof = await authenticate();
    response = await send(proof);
  }
  if (!proof.renew || !refusesClient(response, client.clock)) return noted(response, proof);
  client.logger().info(RENEWS, call.correlationId);
  const { renew } = proof;
  const renewed = await provided((signal) => renew(signal));
  return noted(await send(renewed), renewed);
}

/**
 * A grant that is good for one request is lost when the answer comes too late. So it is not sent when the call has little time
 * left, and the next call can redeem it.
 */
function requireTime({ endpoint }: ClientForm, { budget, correlationId }: Call): void {
  if (!budget?.isShort) return;
  const text = `Nothing is sent to the ${endpoint}: the call has only ${Math.round(budget.left())} ms left (system.callTimeoutMs), and the grant would be lost if the answer came later. Try again.`;
  const error = noTimeLeft(text, { correlationId });
  error.attempts = 0;
  throw error;
}

/** A form as it is sent. */
type Filled = Form & { readonly url: string };

async function filled(
  { client, authority, call }: Pick<Exchange, "client" | "authority" | "call">,
  form: ClientForm,
  proof: ClientAuthentication,
): Promise<Filled> {
  const { client_id: _, ...extra } = form.extraParameters ?? {};
  const body = new Parameters()
    .set("client_id", isNamed(form, proof) ? undefined : client.clientId)
    .setAll(form.parameters)
    .setAll(proof.parameters)
    .set("claims", form.claims)
    .addMissing(extra);
  const url = withQuery(
    formEndpoint(form.endpoint, { authority, call }, proof),
    form.query?.toString() ?? "",
  );
  const possession = form.key && { DPoP: await client.dpop.proof(form.key, { method: "POST", url }) };
  const headers = { ...form.headers, ...proof.headers, ...possession };
  return { url, body: body.toString(), headers, tls: proof.tls };
}

/** Whether the server has refused a proof because of its nonce (RFC 9449 §8). */
function wantsNonce(response: HttpResponse): boolean {
  return answerBody(response)?.["error"] === "use_dpop_nonce";
}

/** Whether a server may have refused a proof because of its times. */
function refusesTime(response: HttpResponse): boolean {
  const error = answerBody(response)?.["error"];
  return error === "invalid_client" || error === "invalid_dpop_proof";
}

const RENEWS =
  "The server refused the client's credential (invalid_client): sending the request once more with a fresh one, or by another method.";

/** A form that names the client itself decides where; HTTP Basic names it in the header. */
function isNamed({ parameters }: ClientForm, { namesClient }: ClientAuthentication): boolean {
  return namesClient === true || parameters.get("client_id") !== undefined;
}

/** Tokens show that the server has accepted the client; an error may have come before it checked. */
function noted(response: HttpResponse, { accepted }: ClientAuthentication): HttpResponse {
  const isError = mayBeError(response) && answerBody(response)?.["error"] !== undefined;
  if (accepted && response.status < 300 && !isError) accepted();
  return response;
}

/** A client with a certificate in TLS uses the endpoint's alias, if there is one (RFC 8705 §5). */
function formEndpoint(
  name: string,
  { authority: { url, metadata }, call }: Pick<Exchange, "authority" | "call">,
  { tls }: ClientAuthentication,
): string {
  const alias = tls ? metadata.mtls_endpoint_aliases?.[name] : undefined;
  if (typeof alias === "string") {
    secureEndpoint(alias, `mtls_endpoint_aliases.${name}`, url.href);
    return alias;
  }
  return endpointOf({ url, metadata }, name, call);
}

/**
 * Whether the server has refused the client's credential. It checks the client before the grant (RFC 6749 §4.1.3), so a
 * code or refresh token can still be redeemed. A server that asks for a pause gets no second request.
 */
function refusesClient(response: HttpResponse, clock: Clock): boolean {
  if (!mayBeError(response) || pauseAfter(response, clock) !== undefined) return false;
  return REFUSALS.has(answerBody(response)?.["error"]);
}

/** The second is GitHub's. */
const REFUSALS: ReadonlySet<unknown> = new Set(["invalid_client", "incorrect_client_credentials"]);
