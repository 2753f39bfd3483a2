import type { AuthorityUrl } from "../../authority/authority-url.js";
import type { Client } from "../../client/client.js";
import { parseJsonObject, percentEncode } from "../../encoding.js";
import { clientAuthError } from "../../errors/errors.js";
import type { HttpResponse } from "../../http/http-client.js";
import { statusOf, withPause } from "../../http/throttle.js";
import type { Call } from "../../http/transport.js";
import { federationUrl } from "./federation-url.js";
import type { ProofKind } from "./metadata.js";

/** Where a federated user signs in. */
export interface Federation {
  /** URL of the federation server's metadata (WS-MetadataExchange), or `""`. */
  readonly metadataUrl: string;
  /** Endpoint to use when the metadata cannot be read, or `""`. */
  readonly activeAuthUrl: string;
  /** Audience of the token. */
  readonly audience: string;
}

const DEFAULT_AUDIENCE = "urn:federation:MicrosoftOnline";

/** The user whose home realm is discovered. */
export interface RealmUser {
  readonly authority: AuthorityUrl;
  readonly username: string;
  /** What is not sent if the response is not conclusive, for the message. */
  readonly proof: ProofKind;
}

/**
 * Finds a user's federation server (home realm discovery). Returns `undefined` for users whose password Entra checks
 * itself. No password or ticket must be sent anywhere unless this returns.
 *
 * @throws ClientAuthError `user_realm_discovery_failed` when the response is not conclusive; ClientConfigurationError
 * `authority_uri_insecure`, `url_parse_error` when it names a URL that must not receive a proof
 */
export async function discoverFederation(
  { transport, clock }: Pick<Client, "transport" | "clock">,
  { authority: url, username, proof }: RealmUser,
  call: Call,
): Promise<Federation | undefined> {
  const endpoint = `${new URL(url.href).origin}/common/userrealm/`;
  const response = await transport.get(`${endpoint}${percentEncode(username)}?api-version=1.0`, call, {
    shownAs: `${endpoint}{username}`,
  });
  // A host without this endpoint does not have federated users.
  if (response.status === 404) return undefined;
  const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
  const unclear = (answer: string): Error => {
    const error = clientAuthError(
      "user_realm_discovery_failed",
      `The ${proof} was not sent: ${endpoint}{username} did not state where the user signs in (${answer}). Check the user name and the proxy, try again later, or let the user sign in interactively.`,
      call,
    );
    return withPause(error, response, clock);
  };
  if (!body) throw unclear(`${statusOf(response)} with ${contentOf(response)}`);
  const type = text(body["account_type"]);
  if (type === "Managed") return undefined;
  if (type !== "Federated") throw unclear(`account_type ${shown(type)}`);
  const protocol = text(body["federation_protocol"]);
  if (protocol !== "WSTrust") throw unclear(`federation_protocol ${shown(protocol)}`);
  const checked = (field: string): string =>
    text(body[field]) && federationUrl(text(body[field]), field, url);
  return {
    metadataUrl: checked("federation_metadata_url"),
    activeAuthUrl: checked("federation_active_auth_url"),
    audience: text(body["cloud_audience_urn"]) || DEFAULT_AUDIENCE,
  };
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
