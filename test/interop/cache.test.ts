// The token cache of one library is the token cache of the other.
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

const contoso = "c0c0c0c0-0000-4000-8000-000000000000";
const fabrikam = "fabfabfa-0000-4000-8000-000000000000";
const web = "c0c0c0c0-0000-4000-8000-0000000000a1";
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const homeId = `user-1.${contoso}`;
const otherApi = [`api://${web}/read`];

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ extExpiresIn: 7200 });
});
afterAll(() => stage.close());

const asApp = (app: App) => (app as ConfidentialApp).acquireTokenByClientCredential({ scopes: appScopes });
const silently = (app: App, result: AuthenticationResult, scopes = graph) =>
  app.acquireTokenSilent({ account: accountOf(result), scopes });

type Answer = Parameters<typeof userAnswer>[2];
function redeem(
  app: App,
  answer: Answer = {},
  tenant = contoso,
  scopes = graph,
): Promise<AuthenticationResult> {
  answerNext(stage.authority, userAnswer(stage.authority, desktop, answer));
  const authority = stage.authority.authorityUrl(tenant);
  return app.acquireTokenByCode({ code: "any", scopes, redirectUri, authority });
}

interface Case {
  readonly kind?: AppKind;
  readonly run: (app: App) => Promise<unknown>;
  readonly differs?: readonly Explained[];
}

describe("the cache as JSON", () => {
  it.each(
    Object.entries<Case>({
      "an app's own token": { kind: "confidential", run: asApp },
      "a sign-in of a confidential client": { kind: "confidential", run: (app) => signInWith(app, stage) },
      "a sign-in of a public client": { run: (app) => signInWith(app, stage) },
      "a sign-in at common": {
        run: (app) => signInWith(app, stage, { authority: stage.authority.authorityUrl("common") }),
      },
      "a renewal": {
        run: async (app) => {
          const result = await signInWith(app, stage);
          stage.advance(3600);
          await silently(app, result);
        },
      },
      "tokens for two resources": {
        run: async (app) => silently(app, await signInWith(app, stage), otherApi),
      },
      "an imported refresh token": {
        run: async (app) => {
          await signInWith(app, stage);
          const { RefreshToken } = JSON.parse(app.getTokenCache().serialize());
          const [{ secret: refreshToken }] = Object.values(RefreshToken) as [{ secret: string }];
          app.clearCache();
          await app.acquireTokenByRefreshToken({ refreshToken, scopes: graph, forceCache: true });
        },
      },
      "a user and the app itself": {
        kind: "confidential",
        run: async (app) => {
          await asApp(app);
          await signInWith(app, stage);
        },
      },
      "two users": {
        run: async (app) => {
          await signInWith(app, stage);
          await signInWith(app, stage, {
            user: { username: "bob@contoso.example", password: "bob-password" },
          });
        },
      },
      "a user who was forgotten": {
        run: async (app) => {
          await redeem(app);
          await app.getTokenCache().removeAccount(accountOf(await signInWith(app, stage)));
        },
      },
      "a guest who is known at home, too": {
        run: async (app) => {
          await redeem(app);
          await redeem(app, { claims: { tid: fabrikam, oid: "guest-1", name: "Guest" } }, fabrikam);
        },
      },
      "scopes that overlap": {
        run: async (app) => {
          await redeem(app, { scope: "a b openid profile" }, contoso, ["a", "b"]);
          await redeem(app, { scope: "b c openid profile" }, contoso, ["b", "c"]);
          await redeem(app, { scope: "d openid profile" }, contoso, ["d"]);
        },
      },
      "a family": { run: (app) => redeem(app, { foci: "1" }) },
      "a time to renew": { run: (app) => redeem(app, { refresh_in: 1800 }) },
      "no ID token": { run: (app) => redeem(app, { id_token: undefined }) },
      "no client info": { run: (app) => redeem(app, { client_info: undefined }) },
      "no scope": { run: (app) => redeem(app, { scope: undefined }) },
      "ids in mixed case": {
        run: (app) =>
          redeem(app, { client_info: clientInfo({ uid: "User-1", utid: contoso.toUpperCase() }) }),
      },
      "the end of a refresh token": {
        run: (app) => redeem(app, { refresh_token_expires_in: 86_400 }),
        differs: [
          {
            at: `RefreshToken.${homeId}-localhost-refreshtoken-${desktop}---.expires_on`,
            tessera: expect.stringMatching(/^\d+$/),
            why: "the peer forgets it with the process, and then tries a token that has expired",
          },
        ],
      },
      "a token type in lower case": {
        run: (app) => redeem(app, { token_type: "bearer" }),
        differs: [
          {
            at: `AccessToken.${homeId}-localhost-accesstoken-${desktop}-${contoso}-${graph.join(" ").toLowerCase()} openid profile-.token_type`,
            peer: "bearer",
            tessera: "Bearer",
            why: "the names of token types have no case (RFC 6749 §5.1); other readers of the cache compare with Bearer",
          },
        ],
      },
    }),
  )("is the same after: %s", async (_, { kind = "public", run, differs }) => {
    const { peer, tessera } = await stage.both(async (library) => {
      const app = stage.app(library, kind);
      await run(app);
      return normalised(JSON.parse(app.getTokenCache().serialize()));
    });
    expectSame(peer.value, tessera.value, differs);
  });
});

describe.each([
  ["peer", "tessera"],
  ["tessera", "peer"],
] as const)("what %s has cached", (writerName, readerName) => {
  /** Endpoints that the reader asks: the peer looks up its authority even for a token from the cache. */
  const lookUp = readerName === "peer" ? ["openid-configuration"] : [];
  const endpoints = () => stage.authority.requests.map(({ endpoint }) => endpoint);

  async function handOver(kind: AppKind, write: (app: App) => Promise<AuthenticationResult | null>) {
    const writer = stage.app(stage[writerName], kind);
    const written = await write(writer);
    const reader = stage.app(stage[readerName], kind);
    reader.getTokenCache().deserialize(writer.getTokenCache().serialize());
    stage.authority.clearRequests();
    return { writer, written, reader };
  }

  it.each<AppKind>(["confidential", "public"])(
    `is a hit for ${readerName}: a user's token, %s client`,
    async (kind) => {
      const { writer, written, reader } = await handOver(kind, (app) => signInWith(app, stage));
      const [account, ...others] = await reader.getTokenCache().getAllAccounts();
      expect(others).toEqual([]);
      expectSame(normalised(account), normalised((await writer.getTokenCache().getAllAccounts())[0]));
      const result = await reader.acquireTokenSilent({ account: account ?? accountOf(null), scopes: graph });
      expect(result).toMatchObject({
        fromCache: true,
        accessToken: written?.accessToken,
        idToken: written?.idToken,
      });
      expect(endpoints()).toEqual(lookUp);
    },
  );

  it(`is a hit for ${readerName}: an app's own token`, async () => {
    const { written, reader } = await handOver("confidential", asApp);
    expect(await asApp(reader)).toMatchObject({ fromCache: true, accessToken: written?.accessToken });
    expect(endpoints()).toEqual(lookUp);
  });

  it(`can be renewed by ${readerName}, and is then a hit for ${writerName} again`, async () => {
    const { written, reader } = await handOver("public", (app) => signInWith(app, stage));
    stage.advance(3600);
    const account = accountOf(written);
    const renewed = await reader.acquireTokenSilent({ account, scopes: graph });
    expect(renewed).toMatchObject({ fromCache: false, account: { homeAccountId: account.homeAccountId } });
    expect(endpoints()).toEqual(["openid-configuration", "token"]);
    const writer = stage.app(stage[writerName], "public");
    writer.getTokenCache().deserialize(reader.getTokenCache().serialize());
    const hit = await writer.acquireTokenSilent({ account, scopes: graph });
    expect(hit).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
  });

  it(`is known to ${readerName} in every tenant`, async () => {
    const { writer, reader } = await handOver("public", async (app) => {
      await redeem(app);
      return redeem(app, { claims: { tid: fabrikam, oid: "guest-1", name: "Guest" } }, fabrikam);
    });
    const accounts = await reader.getTokenCache().getAllAccounts();
    expect(accounts).toHaveLength(2);
    expectSame(normalised(accounts), normalised(await writer.getTokenCache().getAllAccounts()));
    const byTenant = accounts.map(async (account) => {
      const authority = stage.authority.authorityUrl(account.tenantId);
      return (await reader.acquireTokenSilent({ account, scopes: graph, authority })).fromCache;
    });
    expect(await Promise.all(byTenant)).toEqual([true, true]);
  });

  it(`is forgotten in ${writerName} when ${readerName} has forgotten it`, async () => {
    const { written, reader } = await handOver("public", (app) => signInWith(app, stage));
    await reader.getTokenCache().removeAccount(accountOf(written));
    const { AppMetadata: _, ...sections } = JSON.parse(reader.getTokenCache().serialize());
    expect(sections).toEqual({ Account: {}, IdToken: {}, AccessToken: {}, RefreshToken: {} });
  });
});

it("getAllAccounts lists users in the order in which they first signed in, even after one of them gets a token: apps take the first", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "public");
    const signInAs = (oid: string) =>
      redeem(app, { claims: { oid, sub: oid }, client_info: clientInfo({ uid: oid, utid: contoso }) });
    const first = await signInAs("user-1");
    await signInAs("user-2");
    const lists: string[][] = [];
    const list = async (of: App) => {
      const accounts = await of.getTokenCache().getAllAccounts();
      lists.push(accounts.map(({ localAccountId }) => localAccountId));
    };
    await silently(app, first);
    await list(app);
    await signInAs("user-1");
    await list(app);
    const next = stage.app(library, "public");
    next.getTokenCache().deserialize(app.getTokenCache().serialize());
    await list(next);
    await silently(next, first);
    await list(next);
    return lists;
  });
  expect(tessera.value).toEqual(Array.from({ length: 4 }, () => ["user-1", "user-2"]));
  expect(peer.value).toEqual(tessera.value);
});

it("keeps sections and fields that neither library knows, through a write", async () => {
  const seed = stage.app(stage.peer, "confidential");
  const account = accountOf(await signInWith(seed, stage));
  const document = JSON.parse(seed.getTokenCache().serialize());
  for (const name of Object.keys(document)) {
    for (const entity of Object.values<Record<string, unknown>>(document[name]))
      entity["x_future"] = { of: name };
  }
  const unknown = { ...document, Future: { key: { a: [1, null] } }, Version: 7 };
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "confidential");
    app.getTokenCache().deserialize(JSON.stringify(unknown));
    await app.acquireTokenSilent({ account, scopes: otherApi });
    await asApp(app);
    return normalised(JSON.parse(app.getTokenCache().serialize()));
  });
  expect(tessera.value).toMatchObject({ Future: unknown.Future, Version: 7 });
  const why =
    "it was replaced: what an unknown field said of the old token, Tessera does not say of the new one";
  const replaced = (section: string, end: string) => ({
    at: `${section}.${account.homeAccountId}-localhost-${section.toLowerCase()}-${web}-${end}.x_future.of`,
    peer: section,
    why,
  });
  expectSame(peer.value, tessera.value, [
    replaced("IdToken", `${contoso}--`),
    replaced("RefreshToken", "--"),
  ]);
});
