import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore, type RedisTokenStore } from "@tessera/redis";
import { createClient } from "redis";
import { startRedis, type RedisServer } from "../support/redis-servers.js";
import { startStrictAuthority, type StrictAuthority, type StrictOptions } from "./strict-authority.js";

export const scopes = ["Orders.Read"];
const redirectUri = "https://shop.example/signed-in";

const connect = (url: string) => createClient({ url, RESP: 3 }).connect();
export type Client = Awaited<ReturnType<typeof connect>>;

/** A website and the API behind it, whose processes share a Redis and, for their tests, this process. */
export interface Website {
  readonly redis: RedisServer;
  readonly authority: StrictAuthority;
  /** A connection of the test's own. */
  connect(): Promise<Client>;
  process(): Promise<WebProcess>;
  close(): Promise<void>;
}

export interface WebProcess {
  readonly store: RedisTokenStore;
  readonly api: ConfidentialClientApplication;
  signIn(user: string): Promise<unknown>;
  /** @throws if the user has been signed out */
  silent(user: string): Promise<{ readonly fromCache: boolean }>;
  onBehalfOf(user: string, hour: number, asked?: readonly string[]): Promise<unknown>;
  signOut(user: string): Promise<void>;
}

export async function startWebsite(
  options: StrictOptions & { readonly now: () => number },
): Promise<Website> {
  const [redis, authority] = await Promise.all([startRedis(), startStrictAuthority(options)]);
  const clients: Client[] = [];
  const stores: RedisTokenStore[] = [];
  const connected = async (): Promise<Client> => {
    const client = await connect(redis.url);
    clients.push(client);
    return client;
  };
  return {
    redis,
    authority,
    connect: connected,
    process: async () => {
      // However busy the machine is.
      const store = createRedisStore({ client: await connected(), commandTimeoutMs: 30_000 });
      stores.push(store);
      return webProcess(store, authority, options.now);
    },
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
      for (const client of clients) if (client.isOpen) client.destroy();
      await authority.close();
      await redis.stop();
    },
  };
}

function webProcess(store: RedisTokenStore, authority: StrictAuthority, now: () => number): WebProcess {
  const application = (clientId: string) =>
    new ConfidentialClientApplication({
      auth: { ...authority.auth(clientId), clientSecret: "secret" },
      cache: { store },
      system: { clock: { now }, proxy: false },
    });
  const [web, api] = [application("web"), application("api")];
  const accountOf = async (user: string) => web.getAccountByHomeId(authority.homeAccountId(user));
  return {
    store,
    api,
    signIn: async (user) => web.acquireTokenByCode({ code: authority.code(user), scopes, redirectUri }),
    silent: async (user) => {
      const account = await accountOf(user);
      if (!account) throw new Error(`${user} has been signed out`);
      return web.acquireTokenSilent({ account, scopes });
    },
    onBehalfOf: async (user, hour, asked = scopes) =>
      api.acquireTokenOnBehalfOf({ oboAssertion: authority.assertion(user, hour), scopes: [...asked] }),
    signOut: async (user) => {
      const account = await accountOf(user);
      if (account) await web.signOut({ account });
    },
  };
}
