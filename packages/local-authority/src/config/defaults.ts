import type { App, DeviceCodeSettings, Lifetimes, Tenant, User } from "./config.js";
import type { ManagedIdentityOptions } from "./config-options.js";

export const defaultLifetimes: Lifetimes = {
  accessToken: 3599,
  idToken: 3599,
  code: 600,
  refreshToken: 7_776_000,
  session: 86_400,
  managedIdentityToken: 86_399,
};

export const defaultDeviceCode: DeviceCodeSettings = { completeUri: false, interval: 5, lifetime: 900 };

/** The audience of the assertions that workloads exchange for an app's tokens (federated credentials). */
export const exchangeResource = "api://AzureADTokenExchange";
/** The app ID of that resource, which is the `aud` claim of Entra's own tokens for it. */
export const exchangeAppId = "fb60f99c-7a34-4190-8149-302f77469936";

const anyLoopbackAddress = [
  "http://localhost",
  "http://localhost/*",
  "http://127.0.0.1",
  "http://127.0.0.1/*",
];

/** Two tenants of the same shape. Their IDs are fixed, so they can be copied into an app's configuration. */
export const defaultTenants: readonly Tenant[] = [
  tenant({
    prefix: "c0c0c0c0",
    domain: "contoso.example",
    name: "Contoso",
    people: ["Alice Archer", "Bob Baker", "Carol Cooper"],
  }),
  tenant({
    prefix: "fabfabfa",
    domain: "fabrikam.example",
    name: "Fabrikam",
    people: ["Dave Dyer", "Erin Evans", "Frank Fisher"],
  }),
];

const resourceGroup = "/subscriptions/c0c0c0c0-0000-4000-8000-0000000000e0/resourceGroups/contoso";

/** The identities of the emulated hosts: the host's own, and one that is assigned to it. */
export const defaultManagedIdentities: readonly ManagedIdentityOptions[] = [
  {
    clientId: "c0c0c0c0-0000-4000-8000-0000000000c1",
    objectId: "c0c0c0c0-0000-4000-8000-0000000000d1",
    resourceId: `${resourceGroup}/providers/Microsoft.Compute/virtualMachines/contoso-host`,
    systemAssigned: true,
  },
  {
    clientId: "c0c0c0c0-0000-4000-8000-0000000000c2",
    objectId: "c0c0c0c0-0000-4000-8000-0000000000d2",
    resourceId: `${resourceGroup}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/contoso-identity`,
  },
];

interface TenantTemplate {
  readonly prefix: string;
  readonly domain: string;
  readonly name: string;
  /** Full names of the users; the last user is disabled. */
  readonly people: readonly string[];
}

function tenant({ prefix, domain, name, people }: TenantTemplate): Tenant {
  const guid = (suffix: string) => `${prefix}-0000-4000-8000-${suffix.padStart(12, "0")}`;
  const app = (suffix: string, rest: Pick<App, "name"> & Partial<App>): App => ({
    clientId: guid(suffix),
    redirectUris: anyLoopbackAddress,
    identifierUri: `api://${guid(suffix)}`,
    scopes: [],
    roles: [],
    requiresConsent: false,
    multiTenant: false,
    ...rest,
  });
  return {
    id: guid("0"),
    domain,
    name,
    apps: [
      app("a1", {
        name: `${name} Web`,
        clientSecret: `${name.toLowerCase()}-web-secret`,
        redirectUris: [...anyLoopbackAddress, "https://localhost/*"],
        roles: ["Tasks.Read.All"],
      }),
      app("a2", { name: `${name} Desktop`, multiTenant: true }),
      app("a3", { name: `${name} Consent`, requiresConsent: true }),
      app("a4", {
        name: `${name} Daemon`,
        clientSecret: `${name.toLowerCase()}-daemon-secret`,
        redirectUris: [],
        roles: ["Tasks.Read.All", "Tasks.ReadWrite.All"],
        multiTenant: true,
      }),
    ],
    users: people.map((person, index) =>
      user(guid(`b${index + 1}`), person, domain, index === people.length - 1),
    ),
  };
}

function user(oid: string, name: string, domain: string, disabled: boolean): User {
  const first = name.split(" ")[0]?.toLowerCase() ?? name;
  const username = `${first}@${domain}`;
  return { oid, username, password: `${first}-password`, name, email: username, disabled };
}
