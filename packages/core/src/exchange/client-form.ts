import { endpointOf } from "../authority/endpoint.js";
import type { AssertionOverride } from "../credential/client-credential.js";
import type { ClientAuthentication } from "../credential/client-authentication.js";
import { parseJsonObject } from "../encoding.js";
import type { Clock } from "../clock.js";
import { hideSecretsOf } from "../http/hide-secrets.js";
import type { HttpResponse } from "../http/http-client.js";
import { secureEndpoint } from "../http/secure-url.js";
import { pauseAfter } from "../http/throttle.js";
import { Parameters, withQuery } from "../request/parameters.js";
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
}

/**
 * Posts a form with the client's authentication (RFC 6749 §2.3). If the server refuses the client, a credential that a
 * function provides is asked for once more. Secrets in an error description are hidden.
 *
 * @throws ClientAuthError `openid_config_error` when the provider does not publish the endpoint, `network_error`
 */
export async function sendClientForm(
  { client, authority, call }: Pick<Exchange, "client" | "authority" | "call">,
  form: ClientForm,
): Promise<HttpResponse> {
  const { client_id: _, ...extra } = form.extraParameters ?? {};
  const send = async (proof: ClientAuthentication): Promise<HttpResponse> => {
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
    const headers = { ...form.headers, ...proof.headers };
    const sent = { body: body.toString(), headers, tls: proof.tls };
    const response = await client.transport.post(url, sent, call);
    return response.status < 400 ? response : withoutEcho(response, hideSecretsOf(sent));
  };
  const proof = await client.authenticate(authority, form.authentication);
  const response = await send(proof);
  if (!proof.renew || !refusesClient(response, client.clock)) return noted(response, proof);
  client.logger().info(RENEWS, call.correlationId);
  const renewed = await proof.renew();
  return noted(await send(renewed), renewed);
}

const RENEWS =
  "The server refused the client's credential (invalid_client): sending the request once more with a fresh one, or by another method.";

/** A form that names the client itself decides where; HTTP Basic names it in the header. */
function isNamed({ parameters }: ClientForm, { namesClient }: ClientAuthentication): boolean {
  return namesClient === true || parameters.get("client_id") !== undefined;
}

/** Tokens show that the server has accepted the client; an error may have come before it looked. */
function noted(response: HttpResponse, { accepted }: ClientAuthentication): HttpResponse {
  if (accepted && response.status < 300 && parseJsonObject(response.body)?.["error"] === undefined)
    accepted();
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
  if (response.status < 400 || pauseAfter(response, clock) !== undefined) return false;
  return parseJsonObject(response.body)?.["error"] === "invalid_client";
}

/** Hides secrets in an error description, which may repeat what the server was sent. */
function withoutEcho(response: HttpResponse, hide: (text: string) => string): HttpResponse {
  const body = parseJsonObject(response.body);
  const description = body?.["error_description"];
  if (typeof description !== "string" || hide(description) === description) return response;
  return { ...response, body: JSON.stringify({ ...body, error_description: hide(description) }) };
}
