import type {
  App,
  AuthorityConfig,
  FederatedCredential,
  Federation,
  ManagedIdentity,
  Tenant,
  User,
} from "./config/config.js";
import { exchangeResource } from "./config/defaults.js";
import { fmiSubject } from "./tokens/object-ids.js";
import { refuse } from "./errors/errors.js";

/** The resolved authority of a request's path. */
export interface TenantScope {
  /** The emulated product. */
  readonly kind: "entra" | "b2c" | "adfs" | "openid";
  /** Its path in endpoint URLs: a GUID, `common`, `organizations`, `consumers`, `{tenant}/{policy}`, `{tenant}/openid`, or `adfs`. */
  readonly segment: string;
  /** The tenant; absent for `common`, `organizations`, `consumers` and AD FS. */
  readonly tenant?: Tenant;
  /** The B2C policy (user flow), spelled as in the URL. */
  readonly policy?: string;
}

/** A user and their home tenant. */
export interface SignedInUser {
  readonly user: User;
  readonly home: Tenant;
}

/** The home realm of a domain, which determines where its users' passwords are verified. */
export interface Realm {
  readonly domain: string;
  /** Present if the emulated AD FS verifies them. */
  readonly federation?: Federation;
}

/** The configured tenants, apps and users, with the changes made since the start. */
export interface Directory {
  /** All apps, including the service principals of managed identities. */
  readonly apps: readonly App[];
  readonly resources?: readonly string[];
  appById(clientId: string): App | undefined;
  /** Adds an app that registered itself, or replaces what it said before. */
  addApp(app: App, home: Tenant): void;
  homeOf(app: App): Tenant | undefined;
  federatedCredentialsOf(app: App): readonly FederatedCredential[];
  /** Returns the blueprint of an agent identity. */
  blueprintOf(app: App): App | undefined;
  /** Whether there are agent identities of this app. */
  isBlueprint(app: App): boolean;
  /** Adds a federated credential to an app. @returns a function that removes it */
  addFederatedCredential(clientId: string, credential: FederatedCredential): () => void;
  userByName(username: string): SignedInUser | undefined;
  /** Returns the users that an authority accepts. */
  usersAt(scope: TenantScope): readonly User[];
  /** @param home the tenant to search; all if absent */
  userById(oid: string, home: Tenant | undefined): SignedInUser | undefined;
  /** @param text a username or a domain @returns `undefined` if no tenant has the domain */
  realmOf(text: string): Realm | undefined;
  isDisabled(user: User): boolean;
  /** @throws {RangeError} if the user is unknown */
  setDisabled(username: string, disabled: boolean): void;
  isPasswordExpired(user: User): boolean;
  /** @throws {RangeError} if the user is unknown */
  setPasswordExpired(username: string, expired: boolean): void;
  /**
   * Resolves the tenant segment of a path.
   *
   * @param policy B2C policy, or `openid`
   * @throws {AadstsError} 90002, 900023
   */
  findTenant(segment: string, policy?: string): TenantScope;
  /** Finds an app that may be used at an authority. @throws {AadstsError} 900144, 700016, 50194, 7000112 */
  findApp(clientId: string | undefined, scope: TenantScope): App;
}

/** The tenant of personal Microsoft accounts: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference, `tid` */
export const consumersTenantId = "9188040d-6c67-4c5b-b112-36a304b66dad";
const reserved: readonly string[] = ["common", "organizations", "consumers"];

export function createDirectory(config: AuthorityConfig): Directory {
  const tenants = new Map<string, Tenant>();
  const homes = new Map<string, { app: App; home: Tenant }>();
  const users = new Map<string, SignedInUser>();
  const realms = new Map<string, Realm>();
  const disabled = new Set<User>();
  const passwordExpired = new Set<User>();
  const added = new Map<string, Set<FederatedCredential>>();
  for (const tenant of config.tenants) {
    tenants.set(tenant.id, tenant);
    tenants.set(tenant.domain, tenant);
    realms.set(tenant.domain, { domain: tenant.domain });
    const { federation } = tenant;
    if (federation !== undefined) {
      tenants.set(federation.domain, tenant);
      realms.set(federation.domain, { domain: federation.domain, federation });
    }
    for (const app of tenant.apps) homes.set(app.clientId.toLowerCase(), { app, home: tenant });
    for (const user of [...tenant.users, ...(federation?.users ?? [])]) {
      users.set(user.username.toLowerCase(), { user, home: tenant });
      if (user.disabled) disabled.add(user);
    }
  }
  for (const identity of config.managedIdentities) {
    const home = tenants.get(identity.tenantId);
    if (home !== undefined) {
      homes.set(identity.clientId.toLowerCase(), { app: servicePrincipal(identity), home });
    }
  }
  const blueprints = new Set([...homes.values()].map(({ app }) => app.agentIdentityBlueprintId));
  const registration = (clientId: string) => homes.get(clientId.toLowerCase());
  const userByName = (username: string) => users.get(username.trim().toLowerCase());
  const mark = (set: Set<User>, username: string, value: boolean) => {
    const found = userByName(username);
    if (found === undefined)
      throw new RangeError(`The user ${username} does not exist; authority.config lists the users.`);
    if (value) set.add(found.user);
    else set.delete(found.user);
  };

  return {
    get apps() {
      return [...homes.values()].map(({ app }) => app);
    },
    resources: config.resources,
    addApp: (app, home) => {
      homes.set(app.clientId.toLowerCase(), { app, home });
    },
    appById: (clientId) => registration(clientId)?.app,
    homeOf: (app) => registration(app.clientId)?.home,
    blueprintOf: ({ agentIdentityBlueprintId: id }) => (id === undefined ? undefined : registration(id)?.app),
    isBlueprint: ({ clientId }) => blueprints.has(clientId),
    federatedCredentialsOf: (app) => [
      ...(app.federatedCredentials ?? []),
      ...(added.get(app.clientId) ?? []),
      ...agentCredentials(app, registration(app.clientId)?.home),
    ],
    addFederatedCredential: (clientId, credential) => {
      const credentials = added.get(clientId) ?? new Set();
      added.set(clientId, credentials.add(credential));
      return () => void credentials.delete(credential);
    },
    userByName,
    usersAt: (scope) => [...users.values()].filter(({ home }) => admits(scope, home)).map(({ user }) => user),
    userById: (oid, home) =>
      [...users.values()].find(
        (found) => found.user.oid === oid && (home === undefined || found.home === home),
      ),
    realmOf: (text) => realms.get(domainOf(text)),
    isDisabled: (user) => disabled.has(user),
    setDisabled: (username, value) => {
      mark(disabled, username, value);
    },
    isPasswordExpired: (user) => passwordExpired.has(user),
    setPasswordExpired: (username, value) => {
      mark(passwordExpired, username, value);
    },
    findTenant: (text, policy) => {
      const segment = text.toLowerCase();
      const tenant = tenants.get(segment);
      if (policy === "openid" && tenant !== undefined) {
        return { kind: "openid", segment: `${tenant.id}/openid`, tenant };
      }
      if (policy !== undefined && tenant !== undefined) {
        return { kind: "b2c", segment: `${segment}/${policy.toLowerCase()}`, tenant, policy };
      }
      if (segment === "adfs") return { kind: "adfs", segment };
      if (reserved.includes(segment) && policy === undefined) return { kind: "entra", segment };
      if (tenant !== undefined) return { kind: "entra", segment: tenant.id, tenant };
      throw /^[0-9a-f-]{36}$|\./.test(segment)
        ? refuse(90002, { tenant: text })
        : refuse(900023, { tenant: text });
    },
    findApp: (clientId, scope) => {
      if (!clientId) throw refuse(900144, { parameter: "client_id" });
      const found = registration(clientId);
      const here = scope.tenant;
      if (found === undefined || (here !== undefined && here !== found.home && !found.app.multiTenant)) {
        throw refuse(700016, { clientId, tenant: here?.name ?? "Microsoft" });
      }
      if (scope.kind === "entra" && here === undefined && !found.app.multiTenant) {
        throw refuse(50194, { clientId: found.app.clientId, name: found.app.name });
      }
      if (found.app.disabled === true) {
        throw refuse(7000112, { clientId: found.app.clientId, name: found.app.name });
      }
      return found.app;
    },
  };
}

/** An agent is authenticated by the tokens that its blueprint requests for it in the agent's tenant. */
function agentCredentials(
  { agentIdentityBlueprintId: blueprintId, clientId }: App,
  home: Tenant | undefined,
): readonly FederatedCredential[] {
  if (blueprintId === undefined || home === undefined) return [];
  return [{ subject: fmiSubject(home.id, blueprintId, clientId), audience: exchangeResource }];
}

/** Managed identities are apps without redirect URIs and secrets. */
function servicePrincipal(managedIdentity: ManagedIdentity): App {
  const { clientId, roles } = managedIdentity;
  return {
    clientId,
    name: clientId,
    redirectUris: [],
    identifierUri: `api://${clientId}`,
    scopes: [],
    roles,
    requiresConsent: false,
    multiTenant: false,
    managedIdentity,
  };
}

/** Returns the domain of a username, or the whole string if it does not contain `@`. */
export function domainOf(text: string): string {
  return text
    .slice(text.lastIndexOf("@") + 1)
    .trim()
    .toLowerCase();
}

/** Whether an authority accepts users of a tenant. */
export function admits(scope: TenantScope, home: Tenant): boolean {
  // All tenants share one AD FS.
  if (scope.kind === "adfs") return true;
  if (scope.tenant !== undefined) return scope.tenant === home;
  if (scope.segment === "consumers") return home.id === consumersTenantId;
  return scope.segment === "common" || home.id !== consumersTenantId;
}
