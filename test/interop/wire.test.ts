// Both libraries make the same call of the same configuration; the local authority writes down what arrives.
// proves: core/src/dialect/entra.ts, core/src/dialect/anchor-headers.ts, core/src/dialect/entra-telemetry.ts,
// core/src/exchange/redeem.ts, core/src/request/miss.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AccountInfo, INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import { peerNetwork } from "../support/peer-network.js";
import { expectSame, libraryInfo, normalised, wire, type Explained } from "./compare.js";
import {
  accountOf,
  appScopes,
  challengedClaims as claims,
  graph,
  redirectUri,
  signInWith,
  startStage,
  type App,
  type AppKind,
  type ConfidentialApp,
  type PartialConfiguration,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const kinds: readonly AppKind[] = ["confidential", "public"];

const guid = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}(?=$|&)/g;

const inQuery: Explained = {
  at: "token.form.client-request-id",
  peer: "a guid",
  why: "the query of the same request carries it; the peer sends it twice",
};

const whyNotCached: Explained = {
  at: "token.form.x-client-current-telemetry",
  peer: "5|771,0,,,|,",
  tessera: "5|771,1,,,|,",
  why: "1 stands for: asked to pass the cache by; the peer says so in silent calls only",
};
const idTokenClaims = (...names: readonly string[]): readonly Explained[] =>
  names.map((name) => ({
    at: `token.form.claims.id_token.${name}.essential`,
    peer: false,
    why: "an app gets no ID token, so Tessera asks for nothing in one",
  }));

interface TokenCase {
  readonly run: (app: App, configuration: PartialConfiguration) => Promise<unknown>;
  readonly configuration?: PartialConfiguration;
  readonly differs?: readonly Explained[];
}

async function expectSameRequests(
  kind: AppKind,
  { run, configuration = {}, differs = [] }: TokenCase,
): Promise<void> {
  const { peer, tessera } = await stage.both((library) =>
    run(stage.app(library, kind, configuration), configuration),
  );
  const expected = wire(peer.requests);
  expect(Object.keys(expected)).toContain("token");
  expectSame(expected, wire(tessera.requests), [...differs, ...libraryInfo(expected)]);
}

describe.each(kinds)("the requests of a %s client", (kind) => {
  const afterSignIn =
    (run: (app: App, account: AccountInfo) => Promise<unknown>): TokenCase["run"] =>
    async (app) => {
      const signedIn = await signInWith(app, stage);
      stage.authority.clearRequests();
      return run(app, accountOf(signedIn));
    };

  it.each(
    Object.entries<TokenCase>({
      "a code": { run: (app) => signInWith(app, stage) },
      "a code with nonce, state and claims": {
        run: (app) => signInWith(app, stage, { nonce: "nonce-1", state: "state-1", claims }),
      },
      "a code with client info": {
        run: (app) =>
          signInWith(app, stage, { clientInfo: Buffer.from('{"uid":"u","utid":"t"}').toString("base64url") }),
      },
      "a code for a single-page app too": {
        run: (app) => signInWith(app, stage, { enableSpaAuthorizationCode: true }),
      },
      "a code with extra parameters": {
        run: (app) =>
          signInWith(app, stage, {
            extraQueryParameters: { dc: "a b" },
            extraParameters: { extra: "1", scope: "x" },
          }),
      },
      "a code at a tenant that is given by its domain": {
        run: (app) => signInWith(app, stage, { authority: stage.authority.authorityUrl("contoso.example") }),
        differs: [
          {
            at: "token.path",
            peer: "/contoso.example/oauth2/v2.0/token",
            tessera: "/c0c0c0c0-0000-4000-8000-000000000000/oauth2/v2.0/token",
            why: "Tessera uses the endpoint that discovery names; the peer writes the domain into it",
          },
        ],
      },
      "a code for an app with a name and capabilities": {
        run: (app) => signInWith(app, stage),
        configuration: {
          auth: { clientCapabilities: ["CP1", "CP2"] },
          telemetry: { application: { appName: "App", appVersion: "1.2" } },
        },
      },
      "a token that expired": {
        run: afterSignIn((app, account) => {
          stage.advance(3600);
          return app.acquireTokenSilent({ account, scopes: graph });
        }),
      },
      "a token that is forced to be new": {
        run: afterSignIn((app, account) =>
          app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true }),
        ),
      },
      "a token with more claims": {
        run: afterSignIn((app, account) => app.acquireTokenSilent({ account, scopes: graph, claims })),
      },
      "a token for another resource": {
        run: afterSignIn((app, account) =>
          app.acquireTokenSilent({ account, scopes: ["api://c0c0c0c0-0000-4000-8000-0000000000a1/read"] }),
        ),
      },
      "a token after two that were in the cache": {
        run: afterSignIn(async (app, account) => {
          await app.acquireTokenSilent({ account, scopes: graph });
          await app.acquireTokenSilent({ account, scopes: graph });
          return app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
        }),
      },
      "a token after a failure": {
        run: afterSignIn(async (app, account) => {
          const correlationId = "b4a4a4a4-0000-4000-8000-000000000002";
          const scopes = ["api://unknown resource/read"];
          await expect(app.acquireTokenSilent({ account, scopes, correlationId })).rejects.toThrow();
          await app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
          return app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
        }),
        differs: [
          {
            at: "token#2.form.x-client-last-telemetry",
            peer: "5|0|||0,0",
            tessera: "5|0|62,b4a4a4a4-0000-4000-8000-000000000002|invalid_scope|1,0",
            why: "the peer does not wait for the refresh where it would note the failure, so it never reports one",
          },
        ],
      },
      "a code after one that was refused": {
        run: async (app) => {
          const correlationId = "b4a4a4a4-0000-4000-8000-000000000003";
          const request = { scopes: graph, redirectUri, correlationId };
          await expect(app.acquireTokenByCode({ ...request, code: "wrong" })).rejects.toThrow();
          return signInWith(app, stage);
        },
      },
      "an imported refresh token": {
        run: afterSignIn((app) => {
          const { RefreshToken } = JSON.parse(app.getTokenCache().serialize());
          const [{ secret: refreshToken }] = Object.values(RefreshToken) as [{ secret: string }];
          return app.acquireTokenByRefreshToken({ refreshToken, scopes: graph, redirectUri, claims });
        }),
      },
    }),
  )("are the same for %s", (_, row) => expectSameRequests(kind, row));
});

describe("the requests of a confidential client for itself", () => {
  const ask =
    (request: Parameters<ConfidentialApp["acquireTokenByClientCredential"]>[0]): TokenCase["run"] =>
    (app) =>
      (app as ConfidentialApp).acquireTokenByClientCredential({ scopes: appScopes, ...request });

  it.each(
    Object.entries<TokenCase>({
      "a token": { run: ask({}), differs: [inQuery] },
      "a token with claims": {
        run: ask({ claims }),
        differs: [inQuery, whyNotCached, ...idTokenClaims("signin_state", "tenant_region_sub_scope")],
      },
      "a token with client capabilities": {
        run: ask({}),
        configuration: { auth: { clientCapabilities: ["CP1"] } },
        differs: [inQuery, ...idTokenClaims("signin_state", "login_hint", "tenant_region_sub_scope")],
      },
      "a token after one that was in the cache": {
        run: async (app, configuration) => {
          await ask({})(app, configuration);
          await ask({})(app, configuration);
          return ask({ skipCache: true })(app, configuration);
        },
        differs: [
          inQuery,
          { ...inQuery, at: "token#2.form.client-request-id" },
          { ...whyNotCached, at: "token#2.form.x-client-current-telemetry" },
          {
            at: "token#2.form.x-client-last-telemetry",
            peer: "5|0|||0,0",
            tessera: "5|1|||0,0",
            why: "the peer counts the cache hits of users only",
          },
        ],
      },
      "a token past the cache": { run: ask({ skipCache: true }), differs: [inQuery, whyNotCached] },
      "a token, asked with OpenID Connect scopes": {
        run: ask({ scopes: ["openid", ...appScopes] }),
        differs: [inQuery],
      },
    }),
  )("are the same for %s", (_, row) => expectSameRequests("confidential", row));
});

it("a public client sends the same to common", () =>
  expectSameRequests("public", {
    run: (app) => signInWith(app, stage, { authority: stage.authority.authorityUrl("common") }),
  }));

describe("what is handed to an app's own network client", () => {
  it("is the same, to the case of header names", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      const network = peerNetwork(stage.authority.caPem);
      const calls: unknown[] = [];
      const note = (method: string, url: string, options: NetworkRequestOptions = {}, timeout?: number) => {
        const form = options.body && Object.fromEntries(new URLSearchParams(options.body));
        // Half of what is left of a call's time: some of it may have passed.
        const limit = timeout !== undefined && timeout <= 15_000 ? "up to 15 s" : timeout;
        calls.push(
          normalised({ method, url: url.replace(guid, "a guid"), headers: options.headers, form, limit }),
        );
      };
      const networkClient: INetworkModule = {
        sendGetRequestAsync: (url, options, timeout) => {
          note("GET", url, options, timeout);
          return network.sendGetRequestAsync(url, options, timeout);
        },
        sendPostRequestAsync: (url, options) => {
          note("POST", url, options);
          return network.sendPostRequestAsync(url, options);
        },
      };
      const app = stage.app(library, "confidential", { system: { networkClient } });
      const account = accountOf(await signInWith(app, stage));
      await app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
      await network.close();
      return calls;
    });
    const accept = {
      tessera: "application/json",
      why: "some providers choose the format of an answer by it",
    };
    expectSame(peer.value, tessera.value, [
      ...libraryInfo(peer.value),
      { at: "0.limit", tessera: "up to 15 s", why: "the peer waits for an answer without end" },
      ...["0", "1", "2"].map((call) => ({ at: `${call}.headers.accept`, ...accept })),
    ]);
  });
});

it("equal calls at once are one request; the peer sends one for each, except in silent calls", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "confidential");
    const account = accountOf(await signInWith(app, stage));
    stage.advance(3600);
    const sentBy = async (call: () => Promise<unknown>) => {
      stage.authority.clearRequests();
      await Promise.all([call(), call(), call()]);
      return stage.authority.requests.filter(({ endpoint }) => endpoint === "token").length;
    };
    return [
      await sentBy(() => app.acquireTokenSilent({ account, scopes: graph })),
      await sentBy(() => app.acquireTokenByClientCredential({ scopes: appScopes })),
    ];
  });
  expect(peer.value).toEqual([1, 3]);
  expect(tessera.value).toEqual([1, 1]);
});
