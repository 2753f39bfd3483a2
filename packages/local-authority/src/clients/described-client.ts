import { getJson } from "../client-authentication/get-json.js";
import type { App, KeySet } from "../config/config.js";
import { isLoopback } from "../config/loopback.js";
import type { TenantScope } from "../directory.js";
import { absoluteUrl } from "../http/absolute-url.js";
import type { AuthorityState } from "../state.js";
import { readClientMetadata, refuseMetadata, words, type ClientMetadata } from "./client-metadata.js";

/**
 * Makes known a client whose ID is the URL of its metadata document (draft-ietf-oauth-client-id-metadata-document). Does
 * nothing for any other client ID, and where the authority takes no documents.
 *
 * @param isNew `true` to read the document again: each sign-in sees what is published now
 * @throws {AadstsError} `invalid_client`, `invalid_client_metadata` or `invalid_redirect_uri`, if the document cannot be used
 */
export async function admitDescribedClient(
  state: AuthorityState,
  at: TenantScope,
  clientId: string | undefined,
  isNew = false,
): Promise<void> {
  const { metadataDocuments } = state.config.clientRegistration;
  if (at.kind !== "openid" || at.tenant === undefined || !metadataDocuments || clientId === undefined) return;
  if (!/^https?:\/\//.test(clientId)) return;
  if (!isNew && state.directory.appById(clientId) !== undefined) return;
  state.directory.addApp(await describedApp(state, clientId), at.tenant);
}

async function describedApp(state: AuthorityState, clientId: string): Promise<App> {
  checkClientId(clientId, state.url);
  const metadata = await read(state, clientId);
  if (metadata["client_id"] !== clientId) {
    throw refuseMetadata("invalid_client", `The document at ${clientId} has another client_id.`);
  }
  for (const name of ["client_name", "redirect_uris"]) {
    if (metadata[name] === undefined) {
      throw refuseMetadata("invalid_client_metadata", `The document at ${clientId} has no ${name}.`);
    }
  }
  const method = metadata["token_endpoint_auth_method"] ?? "none";
  if ((method !== "none" && method !== "private_key_jwt") || metadata["client_secret"] !== undefined) {
    throw refuseMetadata("invalid_client_metadata", "A public document cannot have a shared secret.");
  }
  words(metadata, "response_types");
  const { jwksUri, jwks, ...described } = readClientMetadata(metadata);
  const keys = jwksUri === undefined ? jwks : await getJson<KeySet>(jwksUri, trusted(state));
  if (method === "private_key_jwt" && keys === undefined) {
    throw refuseMetadata("invalid_client_metadata", "private_key_jwt needs jwks or jwks_uri.");
  }
  return {
    clientId,
    ...described,
    identifierUri: clientId,
    scopes: [],
    roles: [],
    requiresConsent: true,
    multiTenant: false,
    ...(method === "private_key_jwt" ? { jwks: keys } : {}),
  };
}

/** https with a path (draft §3); http on this machine, if the authority itself uses http. */
function checkClientId(clientId: string, authority: string): void {
  const url = absoluteUrl(clientId);
  const isPlain = url?.protocol === "http:" && authority.startsWith("http:") && isLoopback(clientId);
  const isUsable =
    url !== undefined &&
    (url.protocol === "https:" || isPlain) &&
    url.pathname !== "/" &&
    url.username === "" &&
    url.password === "" &&
    !clientId.includes("#") &&
    // The parser resolves dot segments, so the text is compared.
    !/\/\.{1,2}(\/|\?|$)/.test(clientId);
  if (!isUsable) {
    throw refuseMetadata("invalid_client", `The client ID ${clientId} is not an https URL with a path.`);
  }
}

async function read(state: AuthorityState, url: string): Promise<ClientMetadata> {
  const published = state.config.clientRegistration.documents[url];
  if (published !== undefined) return published;
  try {
    return await getJson<ClientMetadata>(url, trusted(state));
  } catch (error) {
    throw refuseMetadata("invalid_client", `The client metadata document cannot be read: ${String(error)}`);
  }
}

function trusted({ caPem }: AuthorityState): readonly string[] {
  return caPem === "" ? [] : [caPem];
}
