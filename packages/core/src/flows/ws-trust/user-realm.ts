import type { AuthorityUrl } from "../../authority/authority-url.js";
import { parseJsonObject, percentEncode } from "../../encoding.js";
import type { Call, Transport } from "../../http/transport.js";

/** Where a federated user's password is checked. */
export interface Federation {
  /** URL of the federation server's metadata (WS-MetadataExchange). */
  readonly metadataUrl: string;
  /** Endpoint to use when the metadata cannot be read. */
  readonly activeAuthUrl: string;
  /** Whom the token is for. */
  readonly audience: string;
}

const DEFAULT_AUDIENCE = "urn:federation:MicrosoftOnline";

/** Asks Entra where a user's home is; `undefined` for users whose password Entra checks itself. */
export async function discoverFederation(
  transport: Transport,
  url: AuthorityUrl,
  username: string,
  call: Call,
): Promise<Federation | undefined> {
  const { origin } = new URL(url.href);
  const realm = `${origin}/common/userrealm/${percentEncode(username)}?api-version=1.0`;
  const response = await transport.get(realm, call);
  const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
  if (body?.["account_type"] !== "Federated" || body["federation_protocol"] !== "WSTrust") return undefined;
  return {
    metadataUrl: text(body["federation_metadata_url"]),
    activeAuthUrl: text(body["federation_active_auth_url"]),
    audience: text(body["cloud_audience_urn"]) || DEFAULT_AUDIENCE,
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
