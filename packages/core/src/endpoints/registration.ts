import type { Authority } from "../authority/authority.js";
import type { Client } from "../client/client.js";
import { numberIn, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { errorBodyOf } from "../http/answer-body.js";
import type { HttpResponse } from "../http/http-client.js";
import { parsedUrl, secureEndpoint, secureUrl } from "../http/secure-url.js";
import { statusOf } from "../http/throttle.js";
import type { Call } from "../http/transport.js";
import { parseAuthenticationChallenges } from "../request/claims-challenge.js";
import { wrongType } from "../request/field-types.js";
import { refusalOf } from "./at-provider.js";
import {
  checkedMetadata,
  onlyMetadata,
  type ClientRegistration,
  type RegistrationMetadata,
} from "./registration-record.js";

/**
 * Registers a client (RFC 7591 §3).
 *
 * @throws ServerError `invalid_redirect_uri`, `invalid_client_metadata`, …; ClientAuthError `openid_config_error` when the
 * provider registers no clients, `invalid_registration_response`
 */
export async function register(
  client: Client,
  metadata: RegistrationMetadata,
  initialAccessToken: string | undefined,
  call: Call,
): Promise<ClientRegistration> {
  const json = checkedMetadata(metadata);
  const url = client.authorities.url(client.defaultAuthority);
  const authority = await client.authorities.resolve(url, call);
  const endpoint = authority.metadata["registration_endpoint"];
  if (typeof endpoint !== "string") {
    const text = "The provider has no registration_endpoint: register the client by hand.";
    throw clientAuthError("openid_config_error", text, call);
  }
  const headers = bearer(initialAccessToken, "initialAccessToken");
  const response = await client.transport.send("POST", endpoint, { json, headers }, call);
  const body = accepted(response, client, call);
  const registration = registrationIn(body, { issuer: authority.metadata.issuer }, call);
  requireManagementOf(authority, endpoint, registration.registrationClientUri, call);
  return registration;
}

/** Reads a registration (RFC 7592 §2.1). Its secret and its token may have been replaced. */
export async function readRegistration(
  client: Client,
  registration: ClientRegistration,
  call: Call,
): Promise<ClientRegistration> {
  const { url, headers } = managementOf(registration);
  const response = await client.transport.get(url, call, { headers });
  return registrationIn(accepted(response, client, call), registration, call);
}

/** Replaces the metadata of a registration (RFC 7592 §2.2): what is left out is deleted or set to its default. */
export async function updateRegistration(
  client: Client,
  registration: ClientRegistration,
  metadata: RegistrationMetadata,
  call: Call,
): Promise<ClientRegistration> {
  const { url, headers } = managementOf(registration);
  const json = { ...onlyMetadata(checkedMetadata(metadata)), client_id: registration.clientId };
  const response = await client.transport.send("PUT", url, { json, headers }, call);
  return registrationIn(accepted(response, client, call), registration, call);
}

/** Deletes a registration (RFC 7592 §2.3). */
export async function deleteRegistration(
  client: Client,
  registration: ClientRegistration,
  call: Call,
): Promise<void> {
  const { url, headers } = managementOf(registration);
  const response = await client.transport.send("DELETE", url, { headers }, call);
  if (response.status < 200 || response.status > 299) throw refusal(response, client, call);
}

/** @throws ClientConfigurationError for a registration that cannot be managed */
function managementOf({ registrationAccessToken, registrationClientUri }: ClientRegistration) {
  if (!registrationAccessToken || !registrationClientUri) {
    const text =
      "The provider does not let the client manage its registration: it named no token or URL for that.";
    throw clientConfigurationError("invalid_option", text);
  }
  const { href } = secureUrl(registrationClientUri, "registration.registrationClientUri");
  return { url: href, headers: bearer(registrationAccessToken, "registration.registrationAccessToken") };
}

function bearer(token: string | undefined, name: string): Readonly<Record<string, string>> {
  if (token === undefined) return {};
  if (typeof token === "string" && token !== "") return { authorization: `Bearer ${token}` };
  throw wrongType(name, token || undefined, "the token as a string");
}

function accepted(response: HttpResponse, client: Client, call: Call): Readonly<Record<string, unknown>> {
  if (response.status < 200 || response.status > 299 || errorBodyOf(response))
    throw refusal(response, client, call);
  const body = parseJsonObject(response.body);
  if (body) return body;
  throw invalidResponse(`the body of ${statusOf(response)} is not a JSON object`, call);
}

/** The error of a provider (RFC 7591 §3.2.2), or of what protects the endpoint (RFC 6750 §3.1). */
function refusal(response: HttpResponse, client: Client, call: Call): Error {
  const [challenge] = parseAuthenticationChallenges(response.headers["www-authenticate"]);
  const error = challenge?.parameters["error"] ?? (response.status === 401 ? "invalid_token" : undefined);
  return refusalOf("registration", response, { client, call }, error);
}

/** @param known the registration so far, of which the response need not repeat the credentials */
function registrationIn(
  body: Readonly<Record<string, unknown>>,
  known: Pick<ClientRegistration, "issuer"> & Partial<ClientRegistration>,
  call: Call,
): ClientRegistration {
  const text = (name: string): string | undefined => {
    const value = body[name] ?? undefined;
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw invalidResponse(`${name} is not a string`, call);
  };
  const clientId = text("client_id");
  if (clientId === undefined) throw invalidResponse("client_id is missing", call);
  if (known.clientId !== undefined && clientId !== known.clientId)
    throw invalidResponse("client_id is that of another client", call);
  const secret = text("client_secret");
  const expiry = numberIn(body["client_secret_expires_at"]) || undefined;
  const token = text("registration_access_token") ?? known.registrationAccessToken;
  const uri = text("registration_client_uri") ?? known.registrationClientUri;
  if (known.registrationClientUri !== undefined && uri !== undefined)
    requireSameOrigin(uri, [known.registrationClientUri], call);
  const credentials =
    secret === undefined
      ? { clientSecret: known.clientSecret, clientSecretExpiresAt: known.clientSecretExpiresAt }
      : { clientSecret: secret, clientSecretExpiresAt: expiry };
  const issuedAt = numberIn(body["client_id_issued_at"]) || known.clientIdIssuedAt;
  const fields = {
    clientIdIssuedAt: issuedAt,
    ...credentials,
    registrationAccessToken: token,
    registrationClientUri: uri,
  };
  return {
    issuer: known.issuer,
    clientId,
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    metadata: onlyMetadata(body),
  };
}

/** The registration's token goes only to the provider that issued it. */
function requireManagementOf(
  { url, metadata }: Authority,
  endpoint: string,
  uri: string | undefined,
  call: Call,
): void {
  if (uri === undefined) return;
  secureEndpoint(uri, "registration_client_uri", url.href);
  requireSameOrigin(uri, [endpoint, metadata.issuer, url.href], call);
}

function requireSameOrigin(uri: string, own: readonly string[], call: Call): void {
  const origin = parsedUrl(uri)?.origin;
  if (origin !== undefined && own.some((one) => parsedUrl(one)?.origin === origin)) return;
  throw invalidResponse("registration_client_uri is of another origin than the provider", call);
}

function invalidResponse(what: string, call: Call): Error {
  const text = `The registration endpoint's response is not valid: ${what} (RFC 7591, section 3.2.1).`;
  return clientAuthError("invalid_registration_response", text, call);
}
