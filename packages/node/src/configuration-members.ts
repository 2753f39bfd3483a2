import type { LoggerOptions } from "@tessera/core";
import { isRecord, wrongType, type AzureCloudOptions } from "@tessera/core/internal";
import type {
  BrokerOptions,
  CacheOptions,
  ClientCertificate,
  ClientMetadata,
  Configuration,
  NodeAuthOptions,
  NodeSystemOptions,
  NodeTelemetryOptions,
  RequestObjectKey,
} from "./configuration.js";

/** The members of an object, or `"value"` for a member whose content is not checked here. */
export type Members = "value" | { readonly [name: string]: Members };

/** Every member of a configuration. A new option without a row does not compile. */
export const CONFIGURATION = {
  auth: {
    clientId: "value",
    authority: "value",
    oidcAuthority: "value",
    clientSecret: "value",
    clientCertificate: {
      privateKey: "value",
      sign: "value",
      passphrase: "value",
      publicCertificate: "value",
      thumbprintSha256: "value",
      thumbprint: "value",
      x5c: "value",
      sendX5c: "value",
      kid: "value",
      pfx: "value",
    } satisfies Record<keyof ClientCertificate, Members>,
    clientAssertion: "value",
    knownAuthorities: "value",
    cloudDiscoveryMetadata: "value",
    authorityMetadata: "value",
    clientCapabilities: "value",
    excludeScopes: "value",
    extraParameters: "value",
    extraAuthorizationParameters: "value",
    azureCloudOptions: { azureCloudInstance: "value", tenant: "value" } satisfies Record<
      keyof AzureCloudOptions,
      Members
    >,
    isMcp: "value",
    instanceAware: "value",
    clientMetadata: {
      backchannel_token_delivery_mode: "value",
      id_token_signed_response_alg: "value",
      id_token_encrypted_response_alg: "value",
      id_token_encrypted_response_enc: "value",
      userinfo_signed_response_alg: "value",
      userinfo_encrypted_response_alg: "value",
      userinfo_encrypted_response_enc: "value",
      introspection_signed_response_alg: "value",
      introspection_encrypted_response_alg: "value",
      introspection_encrypted_response_enc: "value",
      authorization_signed_response_alg: "value",
      authorization_encrypted_response_alg: "value",
      authorization_encrypted_response_enc: "value",
      token_endpoint_auth_method: "value",
      require_pushed_authorization_requests: "value",
      require_signed_request_object: "value",
      request_object_signing_alg: "value",
    } satisfies Record<keyof ClientMetadata, Members>,
    decryptionKeys: "value",
    requestObjectKey: { privateKey: "value", kid: "value" } satisfies Record<keyof RequestObjectKey, Members>,
  } satisfies Record<keyof NodeAuthOptions, Members>,
  broker: { nativeBrokerPlugin: "value" } satisfies Record<keyof BrokerOptions, Members>,
  cache: {
    cachePlugin: "value",
    store: "value",
    maxPartitions: "value",
    onUnreadable: "value",
    renewalMarginSeconds: "value",
    defaultLifetimeSeconds: "value",
  } satisfies Record<keyof CacheOptions, Members>,
  system: {
    loggerOptions: {
      loggerCallback: "value",
      piiLoggingEnabled: "value",
      logLevel: "value",
      correlationId: "value",
    } satisfies Record<keyof LoggerOptions, Members>,
    networkClient: "value",
    dispatcher: "value",
    proxy: "value",
    ca: "value",
    maxConnections: "value",
    retries: "value",
    callTimeoutMs: "value",
    disableInternalRetries: "value",
    onBackgroundRenewal: "value",
    protocolMode: "value",
    clock: "value",
  } satisfies Record<keyof NodeSystemOptions, Members>,
  telemetry: {
    application: { appName: "value", appVersion: "value" },
    metricAttributes: "value",
  } satisfies Record<keyof NodeTelemetryOptions, Members>,
} satisfies Record<keyof Configuration, Members>;

/**
 * Members of earlier releases of MSAL Node that do nothing here, and that no program depends on: how MSAL keeps its own cache of
 * metadata and claims, and how it encodes parameters.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "auth.encodeExtraQueryParams",
  "auth.skipAuthorityMetadataCache",
  "cache.claimsBasedCachingEnabled",
]);

const TENANT =
  'name the tenant in auth.authority, such as "https://login.microsoftonline.com/contoso.example"';
const ISSUER = "name the issuer in auth.oidcAuthority";
const REQUEST = "pass it with the request";

/** Remedies for names that are not similar to an option, in lower case. */
const REMEDIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    tenant: TENANT,
    tenantid: TENANT,
    issuer: ISSUER,
    issuerurl: ISSUER,
    redirecturi: REQUEST,
    postlogoutredirecturi: REQUEST,
    scopes: REQUEST,
  }),
);

const warned = new Set<string>();

/** Every member of `system`. */
export const SYSTEM: Members = CONFIGURATION.system;

/**
 * Warns of each unknown member once per process: an app with `auth.tenantId`, for example, signs in users of every tenant. It
 * is a process warning because an app that misspells an option may have no logger, and not an error because programs
 * written for MSAL have members that MSAL also ignores.
 *
 * @param known every member that the configuration may have
 * @throws ClientConfigurationError `invalid_option` for a string or a number in place of an object
 */
export function checkMembers(configuration: unknown, known: Members = CONFIGURATION): void {
  for (const path of unknownIn(configuration, known, "")) {
    if (warned.has(path)) continue;
    warned.add(path);
    process.emitWarning(`${path} is not an option of Tessera and has no effect: ${remedyFor(path, known)}.`, {
      type: "ConfigurationWarning",
      code: "unknown_option",
    });
  }
}

function unknownIn(value: unknown, members: Members, parent: string): string[] {
  if (members === "value" || value === undefined || value === null) return [];
  if (!isRecord(value)) {
    // The code that reads a certificate accepts a function, and rejects other values by name.
    if (parent === "auth.clientCertificate") return [];
    throw wrongType(parent || "configuration", value, "an object");
  }
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const path = parent === "" ? name : `${parent}.${name}`;
    const known = Object.hasOwn(members, name) ? members[name] : undefined;
    if (known !== undefined) return unknownIn(member, known, path);
    return member === undefined || member === null || WITHOUT_EFFECT.has(path) ? [] : [path];
  });
}

function remedyFor(path: string, known: Members): string {
  const nearest = nearestTo(path, known);
  const remedy = REMEDIES.get(lastOf(path).toLowerCase());
  if (nearest && (!remedy || parentOf(nearest) === parentOf(path))) return `the nearest option is ${nearest}`;
  return remedy ?? "remove it";
}

/**
 * Returns the option with the most similar name: the same name elsewhere or in another case, else one with a typing error,
 * else one that contains the other.
 */
function nearestTo(path: string, known: Members): string | undefined {
  const name = lastOf(path).toLowerCase();
  const isElsewhere = (option: string): number => (parentOf(option) === parentOf(path) ? 0 : 1);
  const [nearest] = pathsOf(known, "")
    .map((option) => ({ option, rank: distance(name, lastOf(option).toLowerCase()) }))
    .filter(({ rank }) => rank < UNLIKE)
    .sort((a, b) => a.rank - b.rank || isElsewhere(a.option) - isElsewhere(b.option));
  return nearest?.option;
}

/** The distance of names that are not similar. */
const UNLIKE = 100;

function distance(name: string, option: string): number {
  if (name === option) return 0;
  const [short, long] = name.length < option.length ? [name, option] : [option, name];
  if (short.length >= 4 && long.includes(short)) return 10 + long.length - short.length;
  const edits = editsBetween(name, option);
  return edits <= 2 && short.length >= 4 ? edits : UNLIKE;
}

/** The Levenshtein distance. A package for it would be another runtime dependency. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const [above = 0, left = 0, diagonal = 0] = [row[j + 1], next[j], row[j]];
      next.push(Math.min(above + 1, left + 1, diagonal + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function pathsOf(members: Members, parent: string): string[] {
  if (members === "value") return [];
  return Object.entries(members).flatMap(([name, inner]) => {
    const path = parent === "" ? name : `${parent}.${name}`;
    return [path, ...pathsOf(inner, path)];
  });
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf(".") + 1);
}
