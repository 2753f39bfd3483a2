import { TokenCacheContext, type AccountInfo, type ICachePlugin } from "@tessera/core";
import {
  clientConfigurationError,
  isRecord,
  newCorrelationId,
  parseJsonObject,
  textIn,
  untilAborted,
  withinBounds,
} from "@tessera/core/internal";
import type { NodeSystemOptions } from "../configuration.js";
import { PublicClientApplication } from "../public-client-application.js";
import type { AmbientTokenRequest, Outcome, Source, Unavailable } from "./source.js";
import { checkTenant } from "./tenants.js";

/** A cache of `@tessera/persistence`, with the options that its app passes to `createPersistentCache`. */
export interface DeveloperCacheOptions {
  readonly appName: string;
  readonly directory?: string;
  readonly protection?: "keychain" | "none" | { readonly passphrase: string };
  /** One of several users who are signed in. */
  readonly username?: string;
}

/** The user whom an app has signed in, and keeps with `@tessera/persistence`. */
export function developerCacheSource(
  given: string | DeveloperCacheOptions,
  { tenantId, system }: { readonly tenantId?: string; readonly system?: NodeSystemOptions },
): Source {
  const options = typeof given === "string" ? { appName: given } : given;
  let found: SignedInUser | undefined;
  const silently = async ({ app, account }: SignedInUser, request: AmbientTokenRequest): Promise<Outcome> => {
    checkTenant(request.tenantId, tenantId);
    const { tenantId: asked, ...others } = request;
    const tenant = asked ? { authority: `https://${account.environment}/${encodeURIComponent(asked)}` } : {};
    try {
      return await app.acquireTokenSilent({ ...others, ...tenant, account });
    } catch (error) {
      // The user may have left, or signed in again: the next call looks.
      found = undefined;
      throw error;
    }
  };
  return {
    name: `sign-in kept by ${options.appName}`,
    acquire(request) {
      if (found) return silently(found, request);
      const { signal, timeoutMs, correlationId = newCorrelationId() } = request;
      return withinBounds({ signal, timeoutMs, correlationId }, async (bounded) => {
        const user = await untilAborted(findUser(options, tenantId, system), bounded);
        if ("unavailable" in user) return user;
        found = user;
        return silently(user, { ...request, correlationId, signal: bounded, timeoutMs: undefined });
      });
    },
  };
}

interface SignedInUser {
  readonly app: PublicClientApplication;
  readonly account: AccountInfo;
}

/** A refresh token's user and app, as the cache has them. */
interface StoredSignIn {
  readonly homeAccountId: string;
  readonly clientId: string;
  readonly environment: string;
  readonly tenant: string;
}

async function findUser(
  { appName, directory, protection, username }: DeveloperCacheOptions,
  tenantId: string | undefined,
  system: NodeSystemOptions | undefined,
): Promise<SignedInUser | Unavailable> {
  const persistence = await loadPersistence();
  if (!persistence) {
    return {
      unavailable: "the package @tessera/persistence is not installed",
      remedy: "run npm install --save-dev @tessera/persistence",
    };
  }
  const cachePlugin = await persistence.createPersistentCache({ appName, directory, protection });
  const signIns = signInsOf(await contentOf(cachePlugin), username);
  const [signIn] = signIns;
  if (!signIn) {
    const who = username === undefined ? "nobody" : `${username} not`;
    return { unavailable: `${who} is signed in there`, remedy: `sign in with ${appName}` };
  }
  if (signIns.length > 1) {
    throw clientConfigurationError(
      "invalid_option",
      `developerCache names the cache of ${appName}, where several users or apps are signed in: name the user by developerCache.username.`,
    );
  }
  const { clientId, environment, tenant, homeAccountId } = signIn;
  const authority = `https://${environment}/${tenantId ?? tenant}`;
  const app = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin }, system });
  const account = (await app.getAllAccounts()).find((it) => it.homeAccountId === homeAccountId);
  return account
    ? { app, account }
    : { unavailable: "nobody is signed in there", remedy: `sign in with ${appName}` };
}

/** Few programs need the package: it is loaded on first use, and may be missing. */
async function loadPersistence(): Promise<typeof import("@tessera/persistence") | undefined> {
  try {
    return await import("@tessera/persistence");
  } catch {
    return undefined;
  }
}

/** Reads the stored cache before there is an application: only the cache knows whose it is. */
async function contentOf(plugin: ICachePlugin): Promise<string> {
  let content = "";
  const cache = { serialize: () => content, deserialize: (text: string) => void (content = text) };
  const context = new TokenCacheContext(cache, false);
  await plugin.beforeCacheAccess(context);
  await plugin.afterCacheAccess(context);
  return content;
}

function signInsOf(content: string, username: string | undefined): readonly StoredSignIn[] {
  const cache = parseJsonObject(content) ?? {};
  const entities = (type: string): readonly Readonly<Record<string, unknown>>[] => {
    const section = cache[type];
    return isRecord(section) ? Object.values(section).filter(isRecord) : [];
  };
  const accounts = entities("Account");
  const signIns = entities("RefreshToken").flatMap((token) => {
    const { home_account_id: homeAccountId, client_id: clientId, environment } = token;
    const account = accounts.find((it) => it["home_account_id"] === homeAccountId);
    const isWanted = username === undefined || isSameName(account?.["username"], username);
    if (!account || !isWanted || !isText(homeAccountId) || !isText(clientId) || !isText(environment))
      return [];
    const tenant = homeAccountId.split(".")[1] ?? textIn(account["realm"]);
    return [{ homeAccountId, clientId, environment, tenant }];
  });
  const distinct = new Map(signIns.map((it) => [`${it.homeAccountId}\n${it.clientId}`, it]));
  return [...distinct.values()];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** User names are not case-sensitive. */
function isSameName(name: unknown, asked: string): boolean {
  return typeof name === "string" && name.toLowerCase() === asked.toLowerCase();
}
