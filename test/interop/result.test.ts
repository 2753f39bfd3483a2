// Both libraries make the same calls; what they return is compared field by field.
// proves: core/src/account.ts, core/src/result.ts, core/src/cache/account-info.ts,
// core/src/response/id-token.ts, node/src/msal/msal-request.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AuthenticationResult } from "@azure/msal-node";
import { expectSame, normalised, type Explained } from "./compare.js";
import { answerNext, clientInfo, userAnswer } from "./crafted-answers.js";
import {
  accountOf,
  appScopes,
  graph,
  redirectUri,
  signInWith,
  startStage,
  type App,
  type AppKind,
  type ConfidentialApp,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ extExpiresIn: 7200 });
});
afterAll(() => stage.close());

interface Case<A extends App = App> {
  readonly run: (app: A) => Promise<AuthenticationResult | null>;
  readonly differs?: readonly Explained[];
}

/** Compares the result, and the accounts that are known after it. */
async function expectSameResult<A extends App>(kind: AppKind, { run, differs = [] }: Case<A>): Promise<void> {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, kind) as A;
    const result = await run(app);
    return normalised({ result, accounts: await app.getTokenCache().getAllAccounts() });
  });
  expectSame(peer.value, tessera.value, differs);
}

const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";

describe.each<AppKind>(["confidential", "public"])("the result of a %s client", (kind) => {
  it.each(
    Object.entries<Case>({
      "a sign-in": { run: (app) => signInWith(app, stage, { correlationId }) },
      "a sign-in with nonce and state": { run: (app) => signInWith(app, stage, { nonce: "n", state: "s" }) },
      "a sign-in without correlation id": { run: (app) => signInWith(app, stage) },
      "a sign-in at common": {
        run: (app) =>
          signInWith(app, stage, {
            authority: stage.authority.authorityUrl(kind === "public" ? "common" : "contoso.example"),
          }),
      },
      "a token from the cache": {
        run: async (app) =>
          app.acquireTokenSilent({ account: accountOf(await signInWith(app, stage)), scopes: graph }),
      },
      "a token from the cache, asked for in other letters": {
        run: async (app) => {
          const account = accountOf(await signInWith(app, stage));
          return app.acquireTokenSilent({
            account,
            scopes: ["HTTPS://GRAPH.microsoft.com/user.read"],
            correlationId,
          });
        },
      },
      "a token from the cache, asked for with OpenID Connect scopes only": {
        run: async (app) =>
          app.acquireTokenSilent({ account: accountOf(await signInWith(app, stage)), scopes: [] }),
      },
      "a token that was renewed": {
        run: async (app) => {
          const account = accountOf(await signInWith(app, stage));
          stage.advance(3600);
          return app.acquireTokenSilent({ account, scopes: graph, correlationId });
        },
      },
      "a token for another resource": {
        run: async (app) => {
          const account = accountOf(await signInWith(app, stage));
          const scopes = ["api://c0c0c0c0-0000-4000-8000-0000000000a1/read"];
          await app.acquireTokenSilent({ account, scopes });
          return app.acquireTokenSilent({ account, scopes });
        },
      },
      "an imported refresh token that is not kept": { run: (app) => importToken(app, false) },
      "an imported refresh token that is kept": { run: (app) => importToken(app, true) },
    }),
  )("is the same for %s", (_, row) => expectSameResult(kind, row));
});

async function importToken(app: App, forceCache: boolean): Promise<AuthenticationResult | null> {
  await signInWith(app, stage);
  const { RefreshToken } = JSON.parse(app.getTokenCache().serialize());
  const [{ secret: refreshToken }] = Object.values(RefreshToken) as [{ secret: string }];
  app.clearCache();
  return app.acquireTokenByRefreshToken({ refreshToken, scopes: graph, forceCache, correlationId });
}

const requestId: Explained = {
  at: "result.requestId",
  peer: "",
  tessera: "a guid",
  why: "the answer has an x-ms-request-id for apps, too; the peer does not look at it in this flow",
};

it("says where it comes from and what it took, which the peer does not", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "confidential");
    return (await app.acquireTokenByClientCredential({ scopes: appScopes })) as Partial<Watched> | null;
  });
  expect(peer.value?.metadata).toBeUndefined();
  expect(tessera.value?.metadata).toMatchObject({ source: "network" });
});

interface Watched {
  readonly metadata: object;
}

describe("the result of a confidential client for itself", () => {
  it.each(
    Object.entries<Case<ConfidentialApp>>({
      "a token": {
        run: (app) => app.acquireTokenByClientCredential({ scopes: appScopes, correlationId }),
        differs: [requestId],
      },
      "a token from the cache": {
        run: async (app) => {
          await app.acquireTokenByClientCredential({ scopes: appScopes });
          return app.acquireTokenByClientCredential({ scopes: appScopes, correlationId });
        },
      },
      "a token past the cache": {
        run: async (app) => {
          await app.acquireTokenByClientCredential({ scopes: appScopes });
          return app.acquireTokenByClientCredential({ scopes: appScopes, skipCache: true });
        },
        differs: [requestId],
      },
    }),
  )("is the same for %s", (_, row) => expectSameResult("confidential", row));
});

describe("the result of an answer that the local authority does not give by itself", () => {
  const contoso = "c0c0c0c0-0000-4000-8000-000000000000";
  const fabrikam = "fabfabfa-0000-4000-8000-000000000000";
  const clientId = "c0c0c0c0-0000-4000-8000-0000000000a2";
  type Answer = Parameters<typeof userAnswer>[2];
  const redeem = (app: App, answer: Answer = {}, tenant = contoso) => {
    answerNext(stage.authority, userAnswer(stage.authority, clientId, answer));
    const authority = stage.authority.authorityUrl(tenant);
    return app.acquireTokenByCode({ code: "any", scopes: graph, redirectUri, correlationId, authority });
  };
  const guest = { claims: { tid: fabrikam, oid: "guest-1", name: "Guest" } };

  it.each(
    Object.entries<{
      readonly answer?: Answer;
      readonly run?: Case["run"];
      readonly differs?: readonly Explained[];
    }>({
      "a guest in another tenant": { run: (app) => redeem(app, guest, fabrikam) },
      "a user who is a guest in another tenant, too": {
        run: async (app) => {
          await redeem(app);
          return redeem(app, guest, fabrikam);
        },
      },
      "a guest who signs in at home afterwards": {
        run: async (app) => {
          await redeem(app, guest, fabrikam);
          return redeem(app);
        },
      },
      "a guest's token from the cache": {
        run: async (app) => {
          await redeem(app);
          const account = accountOf(await redeem(app, guest, fabrikam));
          const authority = stage.authority.authorityUrl(fabrikam);
          return app.acquireTokenSilent({ account, scopes: graph, authority, correlationId });
        },
      },
      "a user who stays signed in": { answer: { claims: { signin_state: ["kmsi", "inknownntwk"] } } },
      "a user in the data boundary of the EU": {
        answer: { client_info: clientInfo({ uid: "user-1", utid: contoso, xms_tdbr: "EU" }) },
      },
      "a user with a UPN only": {
        answer: { claims: { preferred_username: undefined, upn: "upn@contoso.example" } },
      },
      "a user with mail addresses only": {
        answer: {
          claims: { preferred_username: undefined, emails: ["a@contoso.example", "b@contoso.example"] },
        },
        differs: ["accounts.0.username", "result.account.username"].map((at) => ({
          at,
          peer: "",
          tessera: "a@contoso.example",
          why: "it keeps the address, and does not show it: whoever is looked for by it is not found",
        })),
      },
      "a user without a name": { answer: { claims: { name: undefined } } },
      "no client info": { answer: { client_info: undefined } },
      "no ID token": { answer: { id_token: undefined } },
      "no scope": { answer: { scope: undefined } },
      "no refresh token": { answer: { refresh_token: undefined } },
      "times that are text": { answer: { expires_in: "3600", ext_expires_in: "7200", refresh_in: "1800" } },
      "a time to renew": { answer: { refresh_in: 1800 } },
      "a token type in lower case": {
        answer: { token_type: "bearer" },
        differs: [
          {
            at: "result.tokenType",
            peer: "bearer",
            tessera: "Bearer",
            why: "the names of token types have no case (RFC 6749 §5.1); apps and caches compare with Bearer",
          },
        ],
      },
      "a family": { answer: { foci: "1" } },
      "a code for a single-page app": { answer: { spa_code: "spa-code" } },
    }),
  )("is the same for %s", (_, { answer, run = (app) => redeem(app, answer), differs }) =>
    expectSameResult("public", { run, differs }),
  );
});

it("counts a lifetime from the second the request was sent in; the peer rounds the second", async () => {
  stage.advance(0.6);
  const { peer, tessera } = await stage.both(async (library) => {
    const result = await stage
      .app(library, "confidential")
      .acquireTokenByClientCredential({ scopes: appScopes });
    return result?.expiresOn?.getTime() ?? 0;
  });
  expect(peer.value - tessera.value).toBe(1000);
});
