import type { Client } from "../client/client.js";
import { isObject, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { sendClientForm } from "../exchange/client-form.js";
import { pacedRequest } from "../exchange/paced-request.js";
import type { HttpResponse } from "../http/http-client.js";
import { checkFieldTypes } from "../request/field-types.js";
import { Parameters } from "../request/parameters.js";
import { requiredText, tokenRequest } from "../request/token-request.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import { INTROSPECTION } from "../response/jwt-kind.js";
import { verifyJwt } from "../response/verify-jwt.js";
import { atProvider, refusalOf, type EndpointCall, type EndpointInput } from "./at-provider.js";

/** Request about a token. */
export interface IntrospectionInput extends EndpointInput {
  /** The access or refresh token. */
  readonly token: string;
  /** `access_token` or `refresh_token`, if known: lets the provider find it faster. */
  readonly tokenTypeHint?: string;
}

/** What a provider says of a token (RFC 7662 §2.2). A token that is not active has nothing but `active`. */
export interface Introspection {
  /** Whether the token is valid now, and for this client. */
  readonly active: boolean;
  readonly scope?: string;
  readonly client_id?: string;
  readonly username?: string;
  readonly token_type?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly iss?: string;
  readonly jti?: string;
  readonly [member: string]: unknown;
}

/** Media type of a signed response (RFC 9701 §5). */
const SIGNED = "application/token-introspection+jwt";

/**
 * Asks the provider whether a token is valid (RFC 7662). The answer is never cached: a token may be revoked at any time.
 *
 * @throws ClientAuthError `openid_config_error` when the provider has no such endpoint, `invalid_introspection_response`;
 * ServerError for an error response
 */
export async function introspect(client: Client, input: IntrospectionInput): Promise<Introspection> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  checkFieldTypes(given, correlationId);
  const token = requiredText(given.token, "token", "pass the token to ask about.", correlationId);
  return atProvider(client, request, undefined, async (context) => {
    const { introspection_signed_response_alg: signed, introspection_encrypted_response_alg: encrypted } =
      client.algorithms;
    const isJwt = (signed ?? encrypted) !== undefined;
    const endpoint = "introspection_endpoint";
    const parameters = new Parameters().set("token", token).set("token_type_hint", given.tokenTypeHint);
    return pacedRequest(context, endpoint, parameters, async () => {
      const headers: Record<string, string> = isJwt ? { accept: SIGNED } : {};
      const response = await sendClientForm(context, { endpoint, parameters, headers });
      const body = await bodyOf(context, response, isJwt);
      if (typeof body["active"] !== "boolean") throw invalid("active is not a boolean", context);
      return body["active"] ? (body as Introspection) : { active: false };
    });
  });
}

async function bodyOf(
  context: EndpointCall,
  response: HttpResponse,
  mustBeJwt: boolean,
): Promise<Readonly<Record<string, unknown>>> {
  const { client, authority, call } = context;
  const isJwt = (response.headers["content-type"] ?? "").toLowerCase().startsWith(SIGNED);
  if (response.status === 200 && (isJwt || mustBeJwt)) {
    if (!isJwt)
      throw invalid(`it is not a JWT (${SIGNED}), although the client is registered for one`, context);
    const jwt = await decryptJwt(response.body.trim(), INTROSPECTION, client, call);
    const { token_introspection: body } = await verifyJwt(
      jwt,
      { kind: INTROSPECTION, client, authority },
      call,
    );
    if (isObject(body)) return body;
    throw invalid("token_introspection is missing", context);
  }
  const body = parseJsonObject(response.body);
  if (response.status === 200 && body) return body;
  if (response.status === 200) throw invalid("it is not a JSON object", context);
  throw refusalOf("introspection", response, context);
}

function invalid(reason: string, { call }: EndpointCall): Error {
  return clientAuthError(
    "invalid_introspection_response",
    `The introspection response is refused: ${reason}.`,
    call,
  );
}
