// The tenant whose token is looked up, asked for and kept is one: the one that the authority names, else the account's.
// proves: node/src/tenant-and-region.ts, node/src/broker/broker-calls.ts, core/src/flows/account-authority.ts, core/src/flows/silent.ts, core/src/cache/record.ts,
// core/src/authority/learned-tenants.ts
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";
import { authorityUrl } from "../../packages/core/src/authority/authority-url.js";
import { LearnedTenants } from "../../packages/core/src/authority/learned-tenants.js";
import { peer } from "../support/both-libraries.js";
import { clientId, tenants, tenantsNetwork, type TenantsOptions } from "../support/tenants.js";
import { brokerAccount, fakeBroker } from "../support/fake-broker.js";
import { createTestClock } from "../support/test-clock.js";

const { home, guest, other, personal } = tenants;
const host = "https://login.microsoftonline.com";
const scopes = ["User.Read"];

/** An app, and its user signed in to each of the tenants. */
async function stage(
  library: typeof tessera,
  app: string,
  signedInTo: readonly string[],
  options: TenantsOptions = {},
) {
  const clock = createTestClock();
  const network = tenantsNetwork({ ...options, now: () => clock.now() });
  const cache = new Map<string, tessera.AccountInfo>();
  const make = (authority: string) =>
    new library.PublicClientApplication({
      auth: { clientId, authority: `${host}/${authority}` },
      system: { networkClient: network, clock },
    });
  const client = make(app);
  for (const tenant of signedInTo) {
    const request = { scopes, code: tenant, redirectUri: "http://localhost", authority: `${host}/${tenant}` };
    const { account } = await client.acquireTokenByCode(request);
    if (account) cache.set(account.tenantId, account);
  }
  const account = (tenant: string): tessera.AccountInfo => {
    const found = cache.get(tenant);
    if (!found) throw new Error(`nobody signed in to ${tenant}`);
    return found;
  };
  network.clear();
  return { client, network, clock, account, make };
}

const tenantOf = ({ accessToken }: tessera.AuthenticationResult): string =>
  accessToken.split(" ", 1)[0] ?? "";

describe.each([false, true])("whether or not a refresh brings an ID token (it does not: %s)", (without) => {
  const options = { refreshesWithoutIdToken: without };

  /** The app's authority, where the user has signed in, the account and the authority of the call, the tenant asked. */
  const asked: readonly [string, readonly string[], string, string | undefined, string][] = [
    ["common", [home, guest], guest, undefined, guest],
    ["common", [home, guest], home, undefined, home],
    ["organizations", [home, guest, other], guest, undefined, guest],
    ["common", [home, guest], guest, "organizations", guest],
    ["common", [home, guest], guest, home, home],
    ["common", [home, guest], home, guest, guest],
    ["common", [home, guest], home, "other.example", other],
    ["common", [home, guest], guest, "consumers", personal],
    [guest, [guest, home], guest, undefined, guest],
    [guest, [guest, home], home, undefined, guest],
    [other, [home, guest], home, undefined, other],
    [other, [home], home, home, home],
    ["other.example", [other, home], other, undefined, other],
    ["other.example", [other, home, "other.example"], home, undefined, other],
    ["consumers", [home, guest], guest, undefined, personal],
  ];

  it.each(asked)("an app at %s, signed in to %j, account of %s, asked at %s: %s", async (...row) => {
    const [app, signedInTo, owner, named, expected] = row;
    const { client, network, account, clock } = await stage(tessera, app, signedInTo, options);
    const ask = () =>
      client.acquireTokenSilent({
        scopes,
        account: account(owner),
        ...(named ? { authority: `${host}/${named}` } : {}),
      });
    expect(tenantOf(await ask())).toBe(expected);
    // Until renewal, at renewal, and after it.
    for (const _ of [1, 2]) {
      clock.advance(3600);
      expect(tenantOf(await ask())).toBe(expected);
      const sent = network.requests.length;
      const again = await ask();
      expect([tenantOf(again), again.fromCache]).toEqual([expected, true]);
      expect(network.requests).toHaveLength(sent);
    }
    // The other tenants' tokens are what they were.
    const renewed = await client.acquireTokenSilent({
      scopes,
      account: account(owner),
      authority: `${host}/${home}`,
    });
    expect(tenantOf(renewed)).toBe(home);
  });

  it("a call that passes the cache by asks the same tenant", async () => {
    const { client, account, network } = await stage(tessera, "common", [home, guest], options);
    const request = { scopes, account: account(guest), forceRefresh: true };
    expect(tenantOf(await client.acquireTokenSilent(request))).toBe(guest);
    expect(tenantOf(await client.acquireToken({ ...request, claims: '{"access_token":{}}' }))).toBe(guest);
    expect(network.lines()).toEqual([
      `POST ${host}/${guest}/oauth2/v2.0/token`,
      `POST ${host}/${guest}/oauth2/v2.0/token`,
    ]);
  });
});

it("the result of a hit and that of a refresh name the same authority and the same tenant's account", async () => {
  const { client, account } = await stage(tessera, "common", [home, guest]);
  const request = { scopes, account: account(guest) };
  const hit = await client.acquireTokenSilent(request);
  const fresh = await client.acquireTokenSilent({ ...request, forceRefresh: true });
  expect([hit.fromCache, fresh.fromCache]).toEqual([true, false]);
  for (const { authority, tenantId, account: user } of [hit, fresh])
    expect([authority, tenantId, user?.tenantId]).toEqual([`${host}/${guest}/`, guest, guest]);
});

it("the one call lets a guest sign in at the tenant of the account", async () => {
  const { client, account } = await stage(tessera, "common", [home, guest], { refusesRefresh: true });
  const asked: string[] = [];
  const openBrowser = async (url: string): Promise<never> => {
    asked.push(new URL(url).pathname);
    throw new Error("no browser here");
  };
  const request = { scopes: ["Mail.Read"], account: account(guest), openBrowser };
  await expect(client.acquireToken(request)).rejects.toThrow();
  expect(asked).toEqual([`/${guest}/oauth2/v2.0/authorize`]);
});

it.each([
  ["of a guest", guest, `${host}/${guest}/`],
  ["at home", home, `${host}/common/`],
])("a broker is asked at the tenant of the account %s", async (_, tenantId, authority) => {
  const { plugin, calls } = fakeBroker();
  const app = new tessera.PublicClientApplication({
    auth: { clientId, authority: `${host}/common/` },
    broker: { nativeBrokerPlugin: plugin },
  });
  const account = { ...brokerAccount, homeAccountId: `ada.${home}`, tenantId };
  await app.acquireTokenSilent({ scopes, account });
  expect(calls.at(-1)).toMatchObject({ method: "acquireTokenSilent", args: [{ authority }] });
});

describe.each(["public", "confidential"])(
  "a %s client at a domain, in a process that begins with a cache",
  (kind) => {
    /** A process of an app whose authority is a domain. */
    const begin = (cache: string, networkClient: tessera.INetworkModule) => {
      const auth = { clientId, authority: `${host}/other.example` };
      const app =
        kind === "public"
          ? new tessera.PublicClientApplication({ auth, system: { networkClient } })
          : new tessera.ConfidentialClientApplication({
              auth: { ...auth, clientSecret: "the-secret" },
              system: { networkClient },
            });
      app.getTokenCache().deserialize(cache);
      return app;
    };

    it("hands out no token of another tenant, and knows the domain's tenant from then on", async () => {
      const { client, account, network } = await stage(tessera, "common", [home]);
      const request = { scopes, account: account(home) };
      let cache = client.getTokenCache().serialize();
      for (const fromCache of [false, true, true]) {
        const app = begin(cache, network);
        const result = await app.acquireTokenSilent(request);
        expect([tenantOf(result), result.fromCache]).toEqual([other, fromCache]);
        expect((await app.acquireTokenSilent(request)).fromCache).toBe(true);
        cache = app.getTokenCache().serialize();
      }
      expect(network.requests).toHaveLength(1);
    });

    it("finds the token of the user who signed in there, and not after the domain has moved", async () => {
      const { make, network } = await stage(tessera, "common", []);
      const first = make("other.example");
      const code = { scopes, code: "c", redirectUri: "http://localhost" };
      const { account } = await first.acquireTokenByCode(code);
      if (!account) throw new Error("nobody signed in");
      const cache = first.getTokenCache().serialize();
      const found = await begin(cache, network).acquireTokenSilent({ scopes, account });
      expect([tenantOf(found), found.fromCache]).toEqual([other, true]);

      const parsed = JSON.parse(cache) as { AccessToken: Record<string, object> };
      const [token = {}] = Object.values(parsed.AccessToken);
      const later = { ...token, realm: guest, secret: "later" };
      parsed.AccessToken = { later, earlier: { ...token, cached_at: "1" } };
      const moved = await begin(JSON.stringify(parsed), network).acquireTokenSilent({ scopes, account });
      expect(moved.accessToken).toBe("later");
    });
  },
);

it("a domain whose tenant is known by its tokens is no other account's tenant", async () => {
  const { make, client, account } = await stage(tessera, "common", [home]);
  const app = make("other.example");
  app.getTokenCache().deserialize(client.getTokenCache().serialize());
  const request = { scopes, account: account(home) };
  await app.acquireTokenSilent({ ...request, forceRefresh: true });
  expect(tenantOf(await app.acquireTokenSilent(request))).toBe(other);
});

it("a tenant id in an account that cannot be one leads nowhere else", async () => {
  const { client, account, network } = await stage(tessera, "common", [home]);
  for (const tenantId of ["../evil", "a/b", "evil.example/x", "?", "@evil.example"]) {
    const request = { scopes, account: { ...account(home), tenantId }, forceRefresh: true };
    await client.acquireTokenSilent(request);
    expect(network.lines().at(-1)).toBe(`POST ${host}/common/oauth2/v2.0/token`);
  }
});

describe("where the peer asks another tenant than it looks up", () => {
  it("a guest's renewal brings the home tenant's token", async () => {
    const { client, account, network } = await stage(peer, "common", [home, guest]);
    const request = { scopes, account: account(guest) };
    expect(tenantOf(await client.acquireTokenSilent(request))).toBe(guest);
    expect(tenantOf(await client.acquireTokenSilent({ ...request, forceRefresh: true }))).toBe(home);
    expect(network.lines().at(-1)).toBe(`POST ${host}/common/oauth2/v2.0/token`);
  });

  it("an app of one tenant hands out the token of another", async () => {
    const { client, account } = await stage(peer, guest, [guest, home]);
    expect(tenantOf(await client.acquireTokenSilent({ scopes, account: account(home) }))).toBe(home);
  });

  it("and where both ask the one of the account", async () => {
    for (const library of [tessera, peer]) {
      const { client, account, network } = await stage(library, "common", [home]);
      const request = { scopes, account: account(home), forceRefresh: true };
      expect(tenantOf(await client.acquireTokenSilent(request))).toBe(home);
      expect(network.lines()).toEqual([`POST ${host}/common/oauth2/v2.0/token`]);
    }
  });
});

it("the tenant id of a domain is learned once, so that further tokens of the tenant discard no answers", () => {
  const url = authorityUrl(`${host}/contoso.example`, "AAD");
  const learned = new LearnedTenants();
  for (const id of [home, home.toUpperCase(), home]) learned.learn(url, id);
  expect([learned.idOf(url), learned.revision]).toEqual([home, 1]);
  learned.learn(url, other);
  expect([learned.idOf(url), learned.revision]).toEqual([other, 2]);
});
