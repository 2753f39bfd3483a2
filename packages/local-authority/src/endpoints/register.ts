import { randomUUID } from "node:crypto";
import {
  readClientMetadata,
  refuseMetadata,
  words,
  type ClientMetadata,
} from "../clients/client-metadata.js";
import { randomHandle } from "../crypto/opaque.js";
import { requestedAuthority, type RequestContext } from "../http/request-context.js";
import { parsedObject } from "../json.js";
import type { AuthorityState } from "../state.js";

/**
 * Dynamic client registration (RFC 7591 §3).
 *
 * @throws {AadstsError} `invalid_redirect_uri`, `invalid_client_metadata`
 */
export function register(c: RequestContext, state: AuthorityState): Response {
  const { tenant } = requestedAuthority(c, state.directory);
  if (!state.config.clientRegistration.dynamic || tenant === undefined) {
    return c.json({ error: "not_found" }, 404);
  }
  const metadata = readBody(c.get("body"));
  // OpenID Connect Dynamic Client Registration §2: an app that does not say so is not native.
  const { application_type: applicationType = "web" } = metadata;
  const { jwksUri, ...described } = readClientMetadata({ ...metadata, application_type: applicationType });
  const method = metadata["token_endpoint_auth_method"] ?? "client_secret_basic";
  if (typeof method !== "string" || !methods.includes(method) || jwksUri !== undefined) {
    throw refuseMetadata("invalid_client_metadata", `Use one of ${methods.join(", ")}, and jwks for keys.`);
  }
  if ((method === "private_key_jwt") !== (described.jwks !== undefined)) {
    throw refuseMetadata(
      "invalid_client_metadata",
      "private_key_jwt needs jwks, which no other method takes.",
    );
  }
  const secret = method.startsWith("client_secret") ? randomHandle() : undefined;
  const clientId = randomUUID();
  state.directory.addApp(
    {
      clientId,
      ...described,
      identifierUri: `api://${clientId}`,
      scopes: [],
      roles: [],
      requiresConsent: true,
      multiTenant: false,
      clientSecret: secret,
    },
    tenant,
  );
  c.header("Cache-Control", "no-store");
  return c.json(
    {
      ...metadata,
      client_id: clientId,
      client_id_issued_at: state.clock.seconds(),
      ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
      application_type: applicationType,
      grant_types: words(metadata, "grant_types") ?? ["authorization_code"],
      response_types: words(metadata, "response_types") ?? ["code"],
      token_endpoint_auth_method: method,
    },
    201,
  );
}

const methods: readonly string[] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

function readBody(body: string): ClientMetadata {
  const metadata = parsedObject(body);
  if (metadata) return metadata;
  throw refuseMetadata("invalid_client_metadata", "The body is not a JSON object.");
}
