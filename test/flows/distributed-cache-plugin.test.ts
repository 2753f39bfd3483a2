// proves: core/src/cache/storage/distributed-cache-plugin.ts
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as peer from "@azure/msal-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  DistributedCachePlugin,
  type AccountInfo,
  type ClientApplication,
  type ICacheClient,
} from "@tessera/node";
import { startEntra, type Entra } from "../support/entra.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const appScopes = ["https://graph.microsoft.com/.default"];
const alice = "alice@contoso.example";
const bob = "bob@contoso.example";

/** A web session: whose tokens to load. Empty until somebody has signed in. */
interface WebSession {
  key: string;
}

/** One client for everybody, with a key-value store behind it; who is served is known from the asynchronous context. */
class Server {
  readonly values = new Map<string, string>();
  /** What `extractKey` was given. */
  readonly extracted: Readonly<Record<string, unknown>>[] = [];
  readonly #sessions = new AsyncLocalStorage<WebSession>();
  readonly app: ClientApplication;

  constructor(makeApp: (client: ICacheClient, partitions: Server) => ClientApplication) {
    this.app = makeApp(this, this);
  }

  async getKey(): Promise<string> {
    await nextTurn();
    return this.#sessions.getStore()?.key ?? "";
  }

  async extractKey(account: { readonly homeAccountId: string }): Promise<string> {
    this.extracted.push({ ...account });
    await nextTurn();
    return account.homeAccountId;
  }

  async get(key: string): Promise<string> {
    await nextTurn();
    return this.values.get(key) ?? "";
  }

  async set(key: string, value: string): Promise<string> {
    await nextTurn();
    this.values.set(key, value);
    return value;
  }

  /** Does something for whoever has a session. */
  serve<T>(session: WebSession, work: (app: ClientApplication) => Promise<T>): Promise<T> {
    return this.#sessions.run(session, () => work(this.app));
  }
}

describe("the plugin for a key-value store", () => {
  let entra: Entra;
  let network: PeerNetwork;
  let server: Server;
  beforeAll(async () => {
    entra = await startEntra();
    network = peerNetwork(entra.authority.caPem);
  });
  afterAll(async () => {
    await network.close();
    await entra.close();
  });
  const here = (): Server =>
    new Server((client, partitions) =>
      entra.confidential({ cache: { cachePlugin: new DistributedCachePlugin(client, partitions) } }),
    );
  const withThePeer = (): Server =>
    new Server((client, partitions) => {
      const { auth } = entra.configuration("confidential", {
        auth: { knownAuthorities: [new URL(entra.authority.url).host] },
      });
      const cachePlugin = new peer.DistributedCachePlugin(client, partitions);
      const configuration = {
        auth,
        cache: { cachePlugin },
        system: { networkClient: network },
      } as peer.Configuration;
      return new peer.ConfidentialClientApplication(configuration) as unknown as ClientApplication;
    });
  beforeEach(() => {
    server = here();
  });

  async function signIn(
    one: Server,
    username: string,
    session: WebSession = { key: "" },
  ): Promise<WebSession> {
    const { account } = await one.serve(session, (app) => signInWithCode(entra, app, scopes, username));
    return { key: account?.homeAccountId ?? "" };
  }

  /** Who is listed for each of two sessions, and whose tokens are in their partitions, after both were busy at once. */
  async function afterRushHour(
    one: Server,
  ): Promise<{ readonly listed: string[][]; readonly stored: boolean[][] }> {
    const sessions = [await signIn(one, alice), await signIn(one, bob)];
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, turn) => sessions[turn % 2] as WebSession).map((session, turn) =>
        one.serve(session, async (app) => {
          const account = (await app.getTokenCache().getAccountByHomeId(session.key)) as AccountInfo;
          await app.acquireTokenSilent({ scopes, account, forceRefresh: turn % 3 === 0 });
        }),
      ),
    );
    const listed = await Promise.all(
      sessions.map((session) =>
        one.serve(session, async (app) =>
          (await app.getTokenCache().getAllAccounts()).map(({ username }) => username),
        ),
      ),
    );
    const stored = sessions.map(({ key }) =>
      sessions.map((other) => (one.values.get(key) ?? "").includes(other.key)),
    );
    return { listed, stored };
  }

  it("never mixes the partitions of users whom one client serves at the same time", async () => {
    expect(await afterRushHour(server)).toEqual({
      listed: [[alice], [bob]],
      stored: [
        [true, false],
        [false, true],
      ],
    });
  });

  it("mixes them with the peer", async () => {
    const { listed, stored } = await afterRushHour(withThePeer());
    expect([...listed.map(({ length }) => length > 1), stored[0]?.[1], stored[1]?.[0]]).toContain(true);
  });

  it("asks for the key of the account that was just written, in the field names of MSAL Node", async () => {
    const session = await signIn(server, alice);
    const { key } = await signIn(server, bob, session);
    expect(server.extracted.map(({ username }) => username)).toEqual([alice, bob]);
    expect(server.extracted[1]).toMatchObject({
      homeAccountId: key,
      environment: new URL(entra.authority.url).host,
      realm: entra.tenantId,
      username: bob,
      authorityType: "MSSTS",
      tenantProfiles: [expect.objectContaining({ tenantId: entra.tenantId })],
    });
  });

  it("gets the key of whoever comes first with the peer", async () => {
    const one = withThePeer();
    await signIn(one, bob, await signIn(one, alice));
    expect(one.extracted.map(({ username }) => username)).toEqual([alice, alice]);
  });

  it("keeps what is stored where a sign-in belongs, and takes nobody else's tokens there", async () => {
    const bobs = await signIn(server, bob);
    await server.serve(bobs, (app) =>
      app.acquireTokenSilent({ scopes: ["https://graph.microsoft.com/Mail.Read"], account: account(bobs) }),
    );
    const alices = await signIn(server, alice);
    const kept = server.values.get(alices.key);
    // The browser of the first user is used by the second.
    await signIn(server, bob, alices);
    expect(server.values.get(alices.key)).toBe(kept);
    expect(server.values.get(bobs.key)).not.toContain(alices.key);
    for (const scope of ["User.Read", "Mail.Read"]) {
      const request = { scopes: [`https://graph.microsoft.com/${scope}`], account: account(bobs) };
      expect(await server.serve(bobs, (app) => app.acquireTokenSilent(request))).toMatchObject({
        fromCache: true,
      });
    }
  });

  it("overwrites nothing it cannot read there", async () => {
    const session = await signIn(server, alice);
    const { key } = await signIn(server, bob);
    server.values.set(key, "\u0001AQAAANCMnd8B");
    await expect(signIn(server, bob, session)).rejects.toMatchObject({ errorCode: "invalid_cache_content" });
    expect(server.values.get(key)).toBe("\u0001AQAAANCMnd8B");
  });

  it("saves an app's own tokens under the key that is loaded", async () => {
    const session = { key: "the app itself" };
    const acquire = () => server.serve(session, (app) => appToken(app));
    await acquire();
    expect([...server.values.keys()]).toEqual(["the app itself"]);
    expect(await acquire()).toMatchObject({ fromCache: true });
    expect(server.extracted).toEqual([]);
  });

  it("takes a user who signs out of the partition, and leaves the others alone", async () => {
    const [alices, bobs] = [await signIn(server, alice), await signIn(server, bob)];
    const kept = server.values.get(bobs.key);
    await server.serve(alices, async (app) =>
      app.removeAccount((await app.getAllAccounts())[0] as AccountInfo),
    );
    expect(server.values.get(alices.key)).not.toContain("secret");
    expect(server.values.get(bobs.key)).toBe(kept);
    expect(await server.serve(alices, (app) => app.getAllAccounts())).toEqual([]);
  });

  function account({ key }: WebSession): AccountInfo {
    const [localAccountId = "", tenantId = ""] = key.split(".");
    return {
      homeAccountId: key,
      localAccountId,
      tenantId,
      environment: new URL(entra.authority.url).host,
      username: "",
    };
  }

  function appToken(app: ClientApplication): Promise<unknown> {
    return (app as ReturnType<Entra["confidential"]>).acquireTokenByClientCredential({ scopes: appScopes });
  }
});
