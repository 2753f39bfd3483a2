/** The hosts of one Entra cloud. */
export interface Cloud {
  /** Host that requests are sent to. */
  readonly preferredNetwork: string;
  /** Host that cache entries are written under. */
  readonly preferredCache: string;
  /** Every host of the cloud. */
  readonly aliases: ReadonlySet<string>;
  /** Whether the endpoints are known from the host; if not, the discovery document is fetched. */
  readonly endpointsKnown: boolean;
}

/** The Entra clouds whose hosts are known without discovery (public and sovereign). */
const CLOUDS: readonly Cloud[] = [
  cloud("login.microsoftonline.com", "login.windows.net", [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
  ]),
  cloud("login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn", [
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
  ]),
  cloud("login.microsoftonline.us", "login.microsoftonline.us", [
    "login.microsoftonline.us",
    "login.usgovcloudapi.net",
  ]),
  cloud("login.sovcloud-identity.fr", "login.sovcloud-identity.fr", ["login.sovcloud-identity.fr"]),
  cloud("login.sovcloud-identity.de", "login.sovcloud-identity.de", ["login.sovcloud-identity.de"]),
  cloud("login.sovcloud-identity.sg", "login.sovcloud-identity.sg", ["login.sovcloud-identity.sg"]),
  cloud(
    "login-us.microsoftonline.com",
    "login-us.microsoftonline.com",
    ["login-us.microsoftonline.com"],
    false,
  ),
  cloud("login.microsoftonline.de", "login.microsoftonline.de", ["login.microsoftonline.de"], false),
];

const BY_HOST: ReadonlyMap<string, Cloud> = new Map(
  CLOUDS.flatMap((entry) => [...entry.aliases].map((alias) => [alias, entry] as const)),
);

/** Returns the cloud of a host, if it is a known one. */
export function knownCloud(host: string): Cloud | undefined {
  return BY_HOST.get(host);
}

/** The resource for which a token counts as a credential, in the clouds that have one of their own. */
const TOKEN_EXCHANGE: ReadonlyMap<string | undefined, string> = new Map([
  ["login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"],
  ["login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina"],
]);

/** Returns the resource for which a token counts as a credential of an app (a federated credential) in a host's cloud. */
export function tokenExchangeResource(host: string): string {
  return TOKEN_EXCHANGE.get(knownCloud(host)?.preferredNetwork) ?? "api://AzureADTokenExchange";
}

/** Whether a host belongs to External ID's domain, which Microsoft owns. */
export function isExternalIdHost(host: string): boolean {
  return host.endsWith(".ciamlogin.com");
}

/** Returns a cloud of a single host, which represents an unknown host. */
export function selfCloud(host: string): Cloud {
  return { preferredNetwork: host, preferredCache: host, aliases: new Set([host]), endpointsKnown: false };
}

/** The hosts that name Entra's v1.0 issuers, with the tenant as the path. */
export const V1_ISSUER_HOSTS: ReadonlySet<string> = new Set([
  "sts.windows.net",
  "sts.chinacloudapi.cn",
  "sts.microsoftonline.de",
]);

/** Tenant segments that do not name a single tenant. */
export const MULTI_TENANT_SEGMENTS: ReadonlySet<string> = new Set(["common", "organizations", "consumers"]);

/** The tenant of personal Microsoft accounts, also known as `consumers`. */
export const CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad";

/** National clouds by name, for `azureCloudOptions`. */
export const AzureCloudInstance = {
  None: "none",
  AzurePublic: "https://login.microsoftonline.com",
  AzureChina: "https://login.chinacloudapi.cn",
  AzureGermany: "https://login.microsoftonline.de",
  AzureUsGovernment: "https://login.microsoftonline.us",
} as const;
/** One of {@link AzureCloudInstance}. */
export type AzureCloudInstance = (typeof AzureCloudInstance)[keyof typeof AzureCloudInstance];

/** Names a national cloud and a tenant in place of an authority URL. */
export interface AzureCloudOptions {
  /** The cloud; `none` leaves the authority as it is. */
  azureCloudInstance: AzureCloudInstance;
  /** Tenant id or domain; `common` by default. */
  tenant?: string;
}

function cloud(network: string, cache: string, aliases: readonly string[], endpointsKnown = true): Cloud {
  return { preferredNetwork: network, preferredCache: cache, aliases: new Set(aliases), endpointsKnown };
}
