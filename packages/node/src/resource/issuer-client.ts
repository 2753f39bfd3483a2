import type { AuthError } from "@tessera/core";
import {
  clientConfigurationError,
  epochSeconds,
  interactionRequiredError,
  isLoopback,
  isRecord,
  parsedUrl,
  register,
  type Client,
  type ClientRegistration,
} from "@tessera/core/internal";
import { isGiven } from "../credential/credential.js";
import type { NodeAuthOptions } from "../configuration.js";
import type { IssuerMetadata } from "./issuer-metadata.js";
import type { Kept, KeptDocuments } from "./kept-documents.js";
import type { MetadataCall } from "./metadata-client.js";
import type { ResourceClientOptions, ResourceOptions, ResourceRegistration } from "./options.js";

/** How a client has become known to an issuer. */
export type ClientWay = "registered" | "document" | "dynamic";

/** A client at an issuer. */
export interface IssuerClient {
  readonly way: ClientWay;
  readonly auth: NodeAuthOptions;
  /** Whether it has a credential. */
  readonly isConfidential: boolean;
  /** Whether the registration names the issuer. */
  readonly isNamed: boolean;
}

/** Returns the client that the program has registered at an issuer, if it has. */
export async function registeredAt(
  issuer: string,
  resource: string,
  { registered }: ResourceClientOptions,
): Promise<IssuerClient | undefined> {
  const isList = isRecord(registered);
  const found = isList
    ? Object.hasOwn(registered, issuer)
      ? registered[issuer]
      : undefined
    : await registered?.(issuer, resource);
  if (found === undefined || found === null) return undefined;
  const { issuer: named, ...auth } = checkedRegistration(found);
  if (named !== undefined && named !== issuer) {
    throw clientConfigurationError(
      "authority_mismatch",
      `The registration of "${auth.clientId}" belongs to ${named}, but the resource is protected by ${issuer}: nothing is sent. Return a registration for that issuer, or none.`,
    );
  }
  const credentials = [auth.clientSecret, auth.clientCertificate, auth.clientAssertion];
  return {
    way: "registered",
    auth,
    isConfidential: credentials.some(isGiven),
    isNamed: isList || named !== undefined,
  };
}

function checkedRegistration(registration: unknown): ResourceRegistration {
  if (
    isRecord(registration) &&
    typeof registration["clientId"] === "string" &&
    registration["clientId"] !== ""
  )
    return { ...registration, clientId: registration["clientId"] };
  throw clientConfigurationError(
    "client_id_missing",
    "client.registered has a registration without clientId: pass { clientId } and, for a confidential client, its credential.",
  );
}

/** Returns the client that an issuer knows by the document that the program has published (client ID metadata document). */
export function publishedClient(
  metadata: IssuerMetadata,
  { metadataUrl }: ResourceClientOptions,
): IssuerClient | undefined {
  if (metadataUrl === undefined || metadata["client_id_metadata_document_supported"] !== true)
    return undefined;
  return { way: "document", auth: { clientId: metadataUrl }, isConfidential: false, isNamed: false };
}

/** What registers clients. */
export interface Registrar {
  readonly options: Pick<ResourceOptions, "client" | "onDeviceCode" | "openBrowser">;
  readonly kept: KeptDocuments;
  /** Sends to the issuer. */
  readonly client: Client;
  readonly metadata: IssuerMetadata;
}

/** Returns the name under which the registration at an issuer is kept. */
function registrationName(issuer: string): string {
  return `client ${issuer}`;
}

/**
 * Returns the client that is registered at an issuer on demand: once for all processes and starts of the program that share
 * the cache. It is never used at another issuer.
 *
 * @param forgotten a client that the issuer no longer knows
 * @see RFC 7591
 */
export async function dynamicClient(
  { options, kept, client, metadata }: Registrar,
  call: MetadataCall,
  forgotten?: string,
): Promise<IssuerClient | undefined> {
  const { issuer } = metadata;
  if (options.client.name === undefined || metadata["registration_endpoint"] === undefined) return undefined;
  const { redirectUri = DEFAULT_REDIRECT_URI } = options.client;
  const mayAsk = options.openBrowser !== undefined || options.onDeviceCode !== undefined;
  const wanted = requestedMetadata(options, metadata);
  const name = registrationName(issuer);
  const found = async (): Promise<IssuerClient | undefined> =>
    clientIn(await kept.read(name), {
      issuer,
      // Without a user, the client is as good as it was.
      redirectUri: mayAsk ? redirectUri : undefined,
      forgotten,
      now: epochSeconds(client.clock),
    });
  const run = async (): Promise<IssuerClient> => {
    const registration = await register(client, wanted, undefined, call);
    await kept.write(name, { redirectUri, registration });
    return asClient(registration);
  };
  const registered = await found();
  if (registered) return registered;
  if (mayAsk) return kept.inTurn(name, { found, run }, call.signal);
  throw interactionRequiredError(
    "no_tokens_found",
    `No user has signed in at ${issuer}, and none may be asked: pass openBrowser or onDeviceCode.`,
    call,
  );
}

/** The metadata of the client (RFC 7591 §2): the grants that it will use, and whether it runs on a user's device. */
function requestedMetadata(
  { client: { name, redirectUri = DEFAULT_REDIRECT_URI } }: Registrar["options"],
  metadata: IssuerMetadata,
): Kept {
  const { protocol = "", hostname = "" } = parsedUrl(redirectUri) ?? {};
  const isWeb = protocol === "https:" && !isLoopback(hostname);
  const supported = metadata["grant_types_supported"];
  const isOffered = (grant: string): boolean => !Array.isArray(supported) || supported.includes(grant);
  const grants = [
    "authorization_code",
    ...(isOffered("refresh_token") ? ["refresh_token"] : []),
    ...(metadata["device_authorization_endpoint"] && isOffered(DEVICE_CODE) ? [DEVICE_CODE] : []),
  ];
  return {
    client_name: name,
    application_type: isWeb ? "web" : "native",
    redirect_uris: [redirectUri],
    grant_types: grants,
    response_types: ["code"],
    token_endpoint_auth_method: authMethodOf(metadata["token_endpoint_auth_methods_supported"]),
  };
}

export const DEFAULT_REDIRECT_URI = "http://localhost";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** A client that nobody vouches for needs no secret, unless the issuer takes no client without. */
function authMethodOf(supported: unknown): string {
  if (!Array.isArray(supported) || supported.includes("none")) return "none";
  return ["client_secret_basic", "client_secret_post"].find((method) => supported.includes(method)) ?? "none";
}

function clientIn(
  document: Kept | undefined,
  expected: {
    readonly issuer: string;
    readonly redirectUri: string | undefined;
    readonly forgotten: string | undefined;
    readonly now: number;
  },
): IssuerClient | undefined {
  const { redirectUri, registration } = document ?? {};
  if (!isRegistration(registration)) return undefined;
  if (expected.redirectUri !== undefined && redirectUri !== expected.redirectUri) return undefined;
  const { issuer, clientId, clientSecretExpiresAt = Infinity } = registration;
  const isGood =
    issuer === expected.issuer && clientId !== expected.forgotten && expected.now < clientSecretExpiresAt;
  return isGood ? asClient(registration) : undefined;
}

function isRegistration(value: unknown): value is ClientRegistration {
  return isRecord(value) && typeof value["issuer"] === "string" && typeof value["clientId"] === "string";
}

function asClient({ clientId, clientSecret, metadata }: ClientRegistration): IssuerClient {
  const given = isRecord(metadata) ? metadata["token_endpoint_auth_method"] : undefined;
  const method = typeof given === "string" ? given : undefined;
  const secret = method === "none" ? undefined : clientSecret;
  const auth = {
    clientId,
    ...(secret === undefined ? {} : { clientSecret: secret }),
    ...(secret === undefined || method === undefined
      ? {}
      : { clientMetadata: { token_endpoint_auth_method: method } }),
  };
  return { way: "dynamic", auth, isConfidential: secret !== undefined, isNamed: false };
}

/** The error for an issuer at which the program has no client. */
export function noClient(issuer: string, resource: string): AuthError {
  return clientConfigurationError(
    "client_id_missing",
    `There is no client for ${resource} at ${issuer}: pass client.registered for this issuer, client.metadataUrl where it takes client ID metadata documents, or client.name where it registers clients.`,
  );
}
