// The less usual fields of a request: what they do on the wire, in the cache and in the result, in both libraries.
// proves: core/src/request/request-fields.ts
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { expectSame, normalised, type Explained } from "./compare.js";
import { answerNext, userAnswer } from "./crafted-answers.js";
import {
  accountOf,
  graph,
  redirectUri,
  startStage,
  type AppKind,
  type ConfidentialApp,
  type Library,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

/** What a library returns, keeps, and sends to the token endpoint of such a request. */
async function outcome(library: Library, kind: AppKind, run: (app: ConfidentialApp) => Promise<unknown>) {
  const app = stage.app(library, kind) as ConfidentialApp;
  const value = await run(app);
  const tokens = JSON.parse(app.getTokenCache().serialize()) as Record<string, Record<string, object>>;
  const sent = stage.authority.requests.filter(({ endpoint }) => endpoint === "token");
  return normalised({
    value,
    keys: Object.keys(tokens["AccessToken"] ?? {}).sort(),
    bound: Object.values(tokens["AccessToken"] ?? {}).map((token) =>
      JSON.stringify(
        (token as { additionalCacheKeyComponents?: unknown }).additionalCacheKeyComponents ?? "",
      ),
    ),
    profiles: Object.values(tokens["Account"] ?? {}).map(
      (account) => (account as { tenantProfiles?: unknown }).tenantProfiles,
    ),
    sent: sent.map(({ form, headers }) => ({
      attributes: form["attribute_tokens"],
      redirectUri: form["redirect_uri"],
      anchor: headers["x-anchormailbox"],
    })),
  });
}

const ask = { scopes: graph, redirectUri, code: "code" };

/** Redeems a code for a crafted answer. */
const redeem = (
  app: ConfidentialApp,
  request: Partial<Parameters<ConfidentialApp["acquireTokenByCode"]>[0]> = {},
  payload?: Parameters<ConfidentialApp["acquireTokenByCode"]>[1],
  over: Readonly<Record<string, unknown>> = {},
) => {
  const kind = "acquireTokenByClientCredential" in app ? "confidential" : "public";
  const { clientId } = stage.configuration(kind).auth;
  answerNext(stage.authority, userAnswer(stage.authority, clientId, over));
  return app.acquireTokenByCode({ ...ask, ...request }, payload);
};

const silently = async (
  app: ConfidentialApp,
  attributeTokens: string[] | undefined,
  cached: boolean,
  more: { readonly redirectUri?: string; readonly forceRefresh?: boolean } = {},
) => {
  const [account] = await app.getTokenCache().getAllAccounts();
  const { clientId } = stage.configuration("confidential").auth;
  if (!account) throw new Error("nobody has signed in");
  // An answer that nobody asks for would be the next test's.
  if (!cached) answerNext(stage.authority, userAnswer(stage.authority, clientId));
  const { fromCache } = await app.acquireTokenSilent({ scopes: graph, account, attributeTokens, ...more });
  return fromCache;
};

const state = `${Buffer.from('{"id":"1"}').toString("base64")}|of|the app`;
const graphs = { cloud_graph_host_name: "graph.windows.net", msgraph_host: "graph.microsoft.com" };
const hostsOf = async (result: ReturnType<typeof redeem>) => {
  const { state: own, cloudGraphHostName, msGraphHost } = await result;
  return { own, cloudGraphHostName, msGraphHost };
};

interface Case {
  readonly kind?: AppKind;
  readonly run: (app: ConfidentialApp) => Promise<unknown>;
  readonly differs?: readonly Explained[];
}

it.each(
  Object.entries<Case>({
    "attribute tokens of silent requests tell tokens apart": {
      run: async (app) => {
        await redeem(app, { attributeTokens: ["b", "a"] });
        return [
          await silently(app, ["a", "b"], true),
          await silently(app, ["a"], false),
          await silently(app, ["a", "b"], true),
          await silently(app, [], false),
        ];
      },
    },
    "attribute tokens of a code": {
      run: async (app) => {
        await redeem(app, { attributeTokens: ["b", "a"] });
        return [await silently(app, ["a", "b"], true), await silently(app, undefined, false)];
      },
    },
    "a user to route by, by name": {
      run: (app) => redeem(app, { ccsCredential: { type: "UPN", credential: "alice@contoso.example" } }),
    },
    "a user to route by, by id": {
      run: (app) => redeem(app, { ccsCredential: { type: "home_account_id", credential: "uid.utid" } }),
    },
    "the redirect URI of a silent request": {
      run: async (app) => {
        await redeem(app);
        return silently(app, undefined, false, {
          redirectUri: "http://localhost/silent",
          forceRefresh: true,
        });
      },
    },
    "the app's part of a state that is not compared": {
      run: (app) => hostsOf(redeem(app, {}, { code: "code", state })),
    },
    "hosts in an answer to a confidential client": {
      run: (app) => hostsOf(redeem(app, { state: "s" }, { code: "code", state: "s", ...graphs })),
    },
    "hosts in an answer whose state is compared": {
      kind: "public",
      run: (app) => hostsOf(redeem(app, { state: "s" }, { code: "code", state: "s", ...graphs })),
      differs: [
        {
          at: "value.cloudGraphHostName",
          peer: "",
          tessera: "graph.windows.net",
          why: "the app's own sign-in led to them",
        },
        {
          at: "value.msGraphHost",
          peer: "",
          tessera: "graph.microsoft.com",
          why: "the app's own sign-in led to them",
        },
      ],
    },
    "hosts in an answer whose state is not compared": {
      kind: "public",
      run: (app) => hostsOf(redeem(app, {}, { code: "code", ...graphs })),
    },
    "the id the broker knows the user by": {
      run: async (app) => {
        const account = accountOf(await redeem(app, {}, undefined, { spa_accountid: "native" }));
        return account.nativeAccountId;
      },
    },
  }),
)("%s", async (_, { kind = "confidential", run, differs = [] }) => {
  const { peer, tessera } = await stage.both((library) => outcome(library, kind, run));
  expectSame(peer.value, tessera.value, differs);
});

it("a token with attribute tokens does not take the place of the one without", async () => {
  const value = async (library: Library) => {
    const app = stage.app(library, "confidential");
    await redeem(app);
    await silently(app, ["a"], false);
    return silently(app, undefined, library.name === "tessera");
  };
  const { peer, tessera } = await stage.both(value);
  expect([peer.value, tessera.value]).toEqual([false, true]);
});

it("a state in the answer that MSAL has not made, and no request compares, says nothing", async () => {
  const app = stage.app(stage.tessera, "confidential");
  expect((await redeem(app, {}, { code: "code", state: "the app's own" })).state).toBe("");
  const known = stage.app(stage.peer, "confidential");
  await expect(redeem(known, {}, { code: "code", state: "the app's own" })).rejects.toMatchObject({
    errorCode: "invalid_state",
  });
});

it("the id the broker knows the user by outlives answers that do not repeat it", async () => {
  const app = stage.app(stage.tessera, "confidential");
  await redeem(app, {}, undefined, { spa_accountid: "native" });
  await redeem(app);
  const [account] = await app.getTokenCache().getAllAccounts();
  expect(account?.nativeAccountId).toBe("native");
});

it("attribute tokens of an app's own token are sent, and tell tokens apart", async () => {
  const app = stage.app(stage.tessera, "confidential");
  const scopes = ["https://graph.microsoft.com/.default"];
  stage.authority.clearRequests();
  const hits = [];
  for (const attributeTokens of [undefined, ["b", "a"], ["a", "b"], undefined])
    hits.push((await app.acquireTokenByClientCredential({ scopes, attributeTokens }))?.fromCache);
  expect(hits).toEqual([false, false, true, true]);
  const sent = stage.authority.requests.filter(({ endpoint }) => endpoint === "token");
  expect(sent.map(({ form }) => form["attribute_tokens"])).toEqual([undefined, "a b"]);
});
