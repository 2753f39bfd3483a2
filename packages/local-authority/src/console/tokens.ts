import { LocalAuthorityConfigurationError, checkKeys } from "../config/checks.js";
import type { App, Tenant } from "../config/config.js";
import { forgeJwt, forgeryKeys, type ForgeryKey } from "../crypto/forge-jwt.js";
import { dialectOf } from "../dialects/dialects.js";
import type { SignedInUser, TenantScope } from "../directory.js";
import type { RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";
import { isObject } from "../json.js";
import { requireUser } from "../stores/revoke-sign-in-sessions.js";
import { readInput, type ConsoleContext, type Input } from "./console-context.js";
import { mergePatch } from "./merge-patch.js";

/** Makes a token of any shape: what an app must refuse can be tried without the authority issuing it. */
export async function issueToken(c: RequestContext, { state }: ConsoleContext): Promise<Response> {
  const input = await readInput(c);
  checkKeys("", input, keys);
  const given = checkAll(input);
  const claims = mergePatch(timed(state, given, baseClaims(state, given)), given.claims);
  const { header, key } = given;
  const forged = await forgeJwt({ claims: { ...(claims as object) }, header, key });
  return c.json({ ...forged, claims }, 201);
}

interface Forgery {
  readonly type: "access" | "app" | "id" | "custom";
  readonly authority: string;
  readonly client?: string;
  readonly user?: string;
  readonly audience?: string;
  readonly scope: string;
  readonly lifetime?: number;
  readonly claims: Input;
  readonly header: Input;
  readonly key: ForgeryKey;
}

const keys: readonly string[] = [
  "type",
  "authority",
  "client",
  "user",
  "audience",
  "scope",
  "lifetime",
  "claims",
  "header",
  "key",
];
const types = ["access", "app", "id", "custom"] as const;

/** @throws {LocalAuthorityConfigurationError} for a field that is wrong */
function checkAll(input: Input): Forgery {
  const text = (name: string): string | undefined => {
    const value = input[name];
    if (value === undefined || typeof value === "string") return value;
    throw new LocalAuthorityConfigurationError(name, value, "use a string");
  };
  const object = (name: string): Input => {
    const value = input[name] ?? {};
    if (isObject(value)) return value;
    throw new LocalAuthorityConfigurationError(name, value, "use an object");
  };
  const { lifetime, key = "authority" } = input;
  const type = types.find((each) => each === (input["type"] ?? "access"));
  if (type === undefined) {
    throw new LocalAuthorityConfigurationError("type", input["type"], `use one of ${types.join(", ")}`);
  }
  if (lifetime !== undefined && !(typeof lifetime === "number" && Math.abs(lifetime) < 1e11)) {
    throw new LocalAuthorityConfigurationError("lifetime", lifetime, "use a number of seconds");
  }
  const named = forgeryKeys.find((each) => each === key);
  if (named === undefined && (typeof key !== "object" || key === null)) {
    const remedy = `use one of ${forgeryKeys.join(", ")}, or a private key as a JWK`;
    throw new LocalAuthorityConfigurationError("key", key, remedy);
  }
  return {
    type,
    authority: text("authority") ?? "",
    client: text("client"),
    user: text("user"),
    audience: text("audience"),
    scope: text("scope") ?? "User.Read",
    lifetime,
    claims: object("claims"),
    header: object("header"),
    key: named ?? { ...(key as object) },
  };
}

/** The claims that the authority itself would issue. @throws {AadstsError} for an unknown tenant or app */
function baseClaims(state: AuthorityState, given: Forgery): Input {
  if (given.type === "custom") return {};
  const { directory, clock } = state;
  const at = scopeOf(state, given.authority);
  const signIn = {
    ...userOf(state, given, at),
    sessionId: "forged",
    authTime: clock.seconds(),
  };
  const tenant = at.tenant ?? signIn.home;
  const app = appOf(tenant, given.client, state);
  const common = {
    at,
    app,
    tenant,
    audience: given.audience ?? directory.appById(app.clientId)?.clientId ?? app.clientId,
    claims: { idToken: [], clientCapabilities: [] },
    azpacr: "1",
  } as const;
  const dialect = dialectOf(at);
  const permissions = given.scope.split(" ").filter((scope) => scope !== "");
  if (given.type === "app") return dialect.appTokenClaims(state, common);
  if (given.type === "access") return dialect.userTokenClaims(state, { ...common, signIn, permissions });
  const scopes = ["openid", "profile", "email"];
  return dialect.idTokenClaims(state, { ...common, signIn, scopes, withAuthTime: false });
}

/** Resolves a path such as `contoso.example/b2c_1_signin`; the first tenant if it is empty. */
function scopeOf({ config, directory }: AuthorityState, authority: string): TenantScope {
  const [segment = "", policy] = authority.split("/").filter((part) => part !== "" && part !== "v2.0");
  return directory.findTenant(segment === "" ? (config.tenants[0]?.id ?? "") : segment, policy);
}

function userOf(state: AuthorityState, { user }: Forgery, at: TenantScope): SignedInUser {
  if (user !== undefined) return requireUser(state, user);
  const [first] = state.directory.usersAt(at);
  return requireUser(state, first?.username ?? "");
}

function appOf(tenant: Tenant, client: string | undefined, { directory }: AuthorityState): App {
  const app = client === undefined ? tenant.apps[0] : directory.appById(client);
  if (app !== undefined) return app;
  throw new LocalAuthorityConfigurationError(
    "client",
    client,
    "use the client ID of an app of this authority",
  );
}

/** With a negative lifetime, the token has been valid for an hour and expired then. */
function timed({ clock }: AuthorityState, { type, lifetime }: Forgery, claims: Input): Input {
  if (lifetime === undefined) return claims;
  const now = clock.seconds();
  const issued = lifetime < 0 ? now + lifetime - 3600 : now;
  const begins = type === "custom" ? {} : { nbf: issued };
  return { ...claims, iat: issued, ...begins, exp: now + lifetime };
}
