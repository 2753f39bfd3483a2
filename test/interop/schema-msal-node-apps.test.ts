import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { scriptedNetwork } from "../support/scripted-network.js";
import {
  cacheOf,
  createApp,
  directions,
  entityTexts,
  loaded,
  redirectUri,
  type App,
  type LibraryName,
} from "./schema-libraries.js";
import { entraGuest, webApi } from "./schema-providers.js";

const scopes = ["https://graph.microsoft.com/.default"];

describe.each(directions)("an app's own tokens that $writer wrote, read by $reader", ({ writer, reader }) => {
  let authority: LocalAuthority;
  let network: PeerNetwork;

  beforeAll(async () => {
    authority = await startLocalAuthority();
    network = peerNetwork(authority.caPem);
  });
  afterAll(async () => {
    await network.close();
    await authority.close();
  });

  const create = (library: LibraryName, tenant?: string): App => {
    const { clientId = "", clientSecret } = authority.config.tenants[0]?.apps[0] ?? {};
    const knownAuthorities = [new URL(authority.url).host];
    return createApp(library, {
      auth: { clientId, clientSecret, authority: authority.authorityUrl(tenant), knownAuthorities },
      system: { networkClient: network },
    });
  };

  /** What each token is bound to; in one cache none may be taken for another. */
  const requests = [
    { scopes, fmiPath: "agents/one" },
    { scopes, fmiPath: "agents/two" },
    { scopes, claimsFromClient: '{"access_token":{"nbf":{"essential":true}}}' },
    { scopes, fmiPath: "agents/one", claimsFromClient: '{"access_token":{"nbf":{"essential":true}}}' },
    { scopes: ["api://c0c0c0c0-0000-4000-8000-0000000000a4/.default"] },
    // Last, since msal-node drops a plain token of these scopes when it writes a bound one.
    { scopes },
  ];

  it("hits for each, whatever it is bound to, and never for another", async () => {
    const app = create(writer);
    const written: string[] = [];
    for (const request of requests) {
      written.push((await app.acquireTokenByClientCredential(request))?.accessToken ?? "");
    }
    expect(new Set(written).size).toBe(requests.length);
    const cache = cacheOf(app);
    expect(Object.keys(cache["AccessToken"] ?? {})).toHaveLength(requests.length);

    const read = loaded(create(reader), cache);
    authority.clearRequests();
    for (const [index, request] of requests.entries()) {
      const hit = await read.acquireTokenByClientCredential(request);
      expect(hit).toMatchObject({ fromCache: true, accessToken: written[index], account: null });
    }
    const counted = authority.requests.filter(({ endpoint }) => reader === "tessera" || endpoint === "token");
    expect(counted).toEqual([]);
    expect(entityTexts(cacheOf(read))).toEqual(entityTexts(cache));
  });

  it.each([{ fmiPath: "agents/three" }, { claimsFromClient: '{"access_token":{"other":null}}' }])(
    "misses what is bound to something else: %j",
    async (bound) => {
      const app = create(writer);
      await app.acquireTokenByClientCredential({ scopes });
      const read = loaded(create(reader), cacheOf(app));
      expect(await read.acquireTokenByClientCredential({ scopes, ...bound })).toMatchObject({
        fromCache: false,
      });
    },
  );

  it("hits when the tenant is named by its domain", async () => {
    const app = create(writer, "contoso.example");
    const written = await app.acquireTokenByClientCredential({ scopes });
    const read = loaded(create(reader, "contoso.example"), cacheOf(app));
    expect(await read.acquireTokenByClientCredential({ scopes })).toMatchObject({
      fromCache: true,
      accessToken: written?.accessToken,
    });
  });
});

describe.each(directions)("on-behalf-of tokens that $writer wrote, read by $reader", ({ writer, reader }) => {
  const create = (library: LibraryName) => {
    const network = scriptedNetwork(webApi.script);
    return {
      app: createApp(library, { ...webApi.configuration, system: { networkClient: network } }),
      network,
    };
  };

  it.each([
    { name: "plain", bound: {} },
    {
      name: "with static claims",
      bound: { claimsFromClient: '{"access_token":{"nbf":{"essential":true}}}' },
    },
  ])("hits for the same assertion, and for no other: $name", async ({ bound }) => {
    const request = { scopes: webApi.scopes, oboAssertion: "assertion of the user", ...bound };
    const { app } = create(writer);
    const written = await app.acquireTokenOnBehalfOf(request);
    const cache = cacheOf(app);

    const read = create(reader);
    const hit = await loaded(read.app, cache).acquireTokenOnBehalfOf(request);
    expect(hit).toMatchObject({ fromCache: true, accessToken: written?.accessToken });
    expect(read.network.requests).toEqual([]);
    expect(entityTexts(cacheOf(read.app))).toEqual(entityTexts(cache));

    const other = await read.app.acquireTokenOnBehalfOf({ ...request, oboAssertion: "another assertion" });
    expect(other).toMatchObject({ fromCache: false });
  });

  it("is not a hit for an app's own token, nor the other way round", async () => {
    const { app } = create(writer);
    await app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "assertion of the user" });
    const read = create(reader).app;
    expect(await loaded(read, cacheOf(app)).acquireTokenByClientCredential({ scopes })).toMatchObject({
      fromCache: false,
    });
    const own = create(writer).app;
    await own.acquireTokenByClientCredential({ scopes });
    const api = loaded(create(reader).app, cacheOf(own));
    const result = await api.acquireTokenOnBehalfOf({ scopes, oboAssertion: "assertion of the user" });
    expect(result).toMatchObject({ fromCache: false });
  });
});

describe("on-behalf-of tokens that tessera wrote, read by tessera and msal-node", () => {
  it("keeps the tokens of several assertions of one user side by side", async () => {
    const assertions = ["first assertion", "second assertion", "third assertion"];
    const configuration = {
      ...webApi.configuration,
      system: { networkClient: scriptedNetwork(webApi.script) },
    };
    const app = createApp("tessera", configuration);
    const tokens = new Map<string, string | undefined>();
    for (const oboAssertion of assertions) {
      const result = await app.acquireTokenOnBehalfOf({ scopes: webApi.scopes, oboAssertion });
      tokens.set(oboAssertion, result?.accessToken);
    }
    for (const library of ["tessera", "msal-node"] as const) {
      const read = loaded(createApp(library, configuration), cacheOf(app));
      for (const [oboAssertion, accessToken] of tokens) {
        const hit = await read.acquireTokenOnBehalfOf({ scopes: webApi.scopes, oboAssertion });
        expect(hit).toMatchObject({ fromCache: true, accessToken });
      }
    }
  });

  it("leaves the other tenants of the user listed", async () => {
    const script = { ...webApi.script, ...entraGuest.script };
    const configuration = { ...webApi.configuration, system: { networkClient: scriptedNetwork(script) } };
    const app = createApp("tessera", configuration);
    const { authority } = entraGuest.configuration.auth;
    const request = { scopes: webApi.scopes, redirectUri, code: "code" };
    await app.acquireTokenByCode(request);
    await app.acquireTokenByCode({ ...request, authority });
    await app.acquireTokenOnBehalfOf({ scopes: webApi.scopes, oboAssertion: "assertion" });
    expect(await app.getTokenCache().getAllAccounts()).toHaveLength(2);
  });
});
