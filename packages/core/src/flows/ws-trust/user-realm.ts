import type { AuthorityUrl } from "../../authority/authority-url.js";
import { parseJsonObject, percentEncode } from "../../encoding.js";
import { clientAuthError } from "../../errors/errors.js";
import type { HttpResponse } from "../../http/http-client.js";
import { statusOf } from "../../http/throttle.js";
import type { Call, Transport } from "../../http/transport.js";
import { federationUrl } from "./federation-url.js";

/** Where a federated user's password is checked. */
export interface Federation {
  /** URL of the federation server's metadata (WS-MetadataExchange), or `""`. */
  readonly metadataUrl: string;
  /** Endpoint to use when the metadata cannot be read, or `""`. */
  readonly activeAuthUrl: string;
  /** Audience of the token. */
  readonly audience: string;
}

const DEFAULT_AUDIENCE = "urn:federation:MicrosoftOnline";

/**
 * Finds a user's federation server (home realm discovery). Returns `undefined` for users whose password Entra checks
 * itself. The password must not be sent anywhere unless this returns.
 *
 * @throws ClientAuthError `user_realm_discovery_failed` when the response is not conclusive; ClientConfigurationError
 * `authority_uri_insecure`, `url_parse_error` when it names a URL that must not receive a password
 */
export async function discoverFederation(
  transport: Transport,
  url: AuthorityUrl,
  username: string,
  call: Call,
): Promise<Federation | undefined> {
  const endpoint = `${new URL(url.href).origin}/common/userrealm/`;
  const response = await transport.get(`${endpoint}${percentEncode(username)}?api-version=1.0`, call, {
    shownAs: `${endpoint}{username}`,
  });
  // A host without this endpoint does not have federated users.
  if (response.status === 404) return undefined;
  const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
  if (!body) throw unclear(endpoint, `${statusOf(response)} with ${contentOf(response)}`, call);
  const type = text(body["account_type"]);
  if (type === "Managed") return undefined;
  if (type !== "Federated") throw unclear(endpoint, `account_type ${shown(type)}`, call);
  const protocol = text(body["federation_protocol"]);
  if (protocol !== "WSTrust") throw unclear(endpoint, `federation_protocol ${shown(protocol)}`, call);
  const checked = (field: string): string =>
    text(body[field]) && federationUrl(text(body[field]), field, url);
  return {
    metadataUrl: checked("federation_metadata_url"),
    activeAuthUrl: checked("federation_active_auth_url"),
    audience: text(body["cloud_audience_urn"]) || DEFAULT_AUDIENCE,
  };
}

function unclear(endpoint: string, answer: string, call: Call): Error {
  return clientAuthError(
    "user_realm_discovery_failed",
    `The password was not sent: ${endpoint}{username} did not state where the user's password is checked (${answer}). Check the user name and the proxy, try again later, or let the user sign in interactively.`,
    call,
  );
}

function contentOf({ body, headers }: HttpResponse): string {
  if (body.trim() === "") return "an empty body";
  return headers["content-type"] ? `content-type ${shown(headers["content-type"])}` : "no content-type";
}

/** Returns the start of an untrusted value, in printable ASCII. */
function shown(value: string): string {
  return `"${value.slice(0, 80).replace(/[^\x20-\x7e]/g, "?")}"`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
