import type { AccountInfo } from "@tessera/node";
import { createPersistentCache, type PersistentCacheOptions } from "@tessera/persistence";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { temporaryFolder } from "./folder.js";
import type { WorkerOptions } from "./worker.js";

export const scopes = ["User.Read"];

/** An identity provider, and an app whose processes share a cache in a folder. */
export interface Stage {
  readonly entra: Entra;
  /** Options of the cache in an empty folder of its own. */
  readonly cache: (
    over?: Partial<PersistentCacheOptions>,
  ) => PersistentCacheOptions & { readonly directory: string };
  /** How another process of the app is started. */
  readonly worker: (cache: PersistentCacheOptions) => WorkerOptions;
  /** The app in this process. */
  readonly app: (cache: PersistentCacheOptions) => Promise<ReturnType<Entra["publicClient"]>>;
  /** Signs users in, in this process. */
  readonly signIn: (
    cache: PersistentCacheOptions,
    ...usernames: readonly string[]
  ) => Promise<readonly AccountInfo[]>;
  /** A refresh token of a user who has signed in elsewhere. */
  readonly refreshToken: (username?: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

export async function startStage(options: Parameters<typeof startEntra>[0] = {}): Promise<Stage> {
  const entra = await startEntra(options);
  const { auth, system } = entra.configuration("public");
  const stage: Stage = {
    entra,
    cache: (over = {}) => ({
      appName: "contoso-cli",
      directory: temporaryFolder(),
      protection: "none",
      ...over,
    }),
    worker: (cache) => ({ cache, app: { auth, system: { ca: system?.ca } } }),
    app: async (cache) => entra.publicClient({ cache: { cachePlugin: await createPersistentCache(cache) } }),
    signIn: async (cache, ...usernames) => {
      const app = await stage.app(cache);
      const accounts: AccountInfo[] = [];
      for (const username of usernames)
        accounts.push(accountOf(await signInWithCode(entra, app, scopes, username)));
      return accounts;
    },
    refreshToken: async (username) => {
      const app = entra.publicClient();
      await signInWithCode(entra, app, scopes, username);
      const { RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as {
        readonly RefreshToken: Readonly<Record<string, { readonly secret: string }>>;
      };
      const [token] = Object.values(RefreshToken);
      if (!token) throw new Error("the user has no refresh token");
      return token.secret;
    },
    close: () => entra.close(),
  };
  return stage;
}

export const alice = "alice@contoso.example";
export const bob = "bob@contoso.example";
