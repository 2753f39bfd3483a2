// proves: core/src/response/id-token.ts, core/src/response/client-info.ts,
// core/src/response/token-response.ts, core/src/response/server-error.ts, core/src/cache/schema/document.ts,
// core/src/cache/memory/partition.ts
// A claim or field of the wrong type in one user's data never harms another user, and nothing throws a raw TypeError: not
// at once, and not after a reload.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type AccountInfo, type ClientApplication } from "@tessera/node";
import {
  account,
  accessToken,
  clientId,
  codeOf,
  differs,
  document,
  encoded,
  jwt,
  Network,
  now,
  redirectUri,
  refreshToken,
  scopes,
  signIn,
  tenant,
  tessera,
  tokens,
  uid,
  type Answer,
  type Entities,
} from "../support/cache-stage.js";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { isFull } from "../support/sample.js";
import { jsonText, resultOrAuthError, wrongValues, wrongValuesFor } from "../support/wrong-types.js";

/** What the user behind the odd data is called. */
const odd = { uid: "10000000-0000-4000-8000-0000000000dd", sub: "odd" };

/** Every look-up an app can make, for a user whose data are in order. */
async function expectServed(app: ClientApplication, alice: AccountInfo): Promise<void> {
  const { homeAccountId, localAccountId, username, tenantId } = alice;
  const filters = [
    {},
    { homeAccountId },
    { localAccountId },
    { username },
    ...(tenantId ? [{ tenantId }] : []),
  ];
  // One assertion for all of it: there are thousands of users.
  const missed: unknown[] = [];
  for (const filter of filters) {
    const found = await app.getAccounts(filter);
    if (!found.some((one) => one.homeAccountId === homeAccountId)) missed.push(filter);
    for (const one of found) {
      const texts = [one.homeAccountId, one.localAccountId, one.username, one.tenantId, one.environment];
      if (!texts.every((text) => typeof text === "string")) missed.push(one);
    }
  }
  const byHomeId = await app.getAccountByHomeId(homeAccountId);
  const byLocalId = await app.getAccountByLocalId(localAccountId);
  const { fromCache } = await app.acquireTokenSilent({ scopes, account: alice });
  expect([missed, byHomeId?.homeAccountId, byLocalId?.homeAccountId, fromCache]).toEqual([
    [],
    homeAccountId,
    homeAccountId,
    true,
  ]);
}

/** Whatever is known of the others is used as an app would. */
async function useEverybody(app: ClientApplication): Promise<void> {
  for (const one of await app.getAllAccounts()) {
    await resultOrAuthError(() => app.acquireTokenSilent({ scopes, account: one }));
    await resultOrAuthError(() => app.acquireTokenSilent({ scopes: ["another"], account: one }));
    await resultOrAuthError(() => app.getAuthCodeUrl({ scopes, redirectUri, account: one }));
  }
}

/** The same, then once more after the cache has been written and read. */
async function expectNobodyHarmed(
  app: ClientApplication,
  restart: () => ClientApplication,
  alice: AccountInfo,
): Promise<void> {
  await useEverybody(app);
  await expectServed(app, alice);
  const again = restart();
  again.getTokenCache().deserialize(app.getTokenCache().serialize());
  await useEverybody(again);
  await expectServed(again, alice);
}

const claimNames = [
  ...[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "azp",
    "nonce",
    "auth_time",
    "oid",
    "tid",
    "tfp",
    "acr",
    "sid",
  ],
  ...["name", "preferred_username", "upn", "emails", "login_hint", "signin_state", "amr", "roles", "email"],
];
const answerFields = [
  ...["access_token", "token_type", "expires_in", "ext_expires_in", "refresh_in", "refresh_token", "scope"],
  ...["refresh_token_expires_in", "id_token", "client_info", "foci", "spa_code", "spa_accountid"],
  ...["error", "suberror", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"],
];

describe("at Entra, one user's", () => {
  /** Alice is signed in; the other user's answer is odd. */
  async function stage(answer: Answer | string): Promise<void> {
    const answers: (Answer | string)[] = [tokens(), answer];
    const network = () => new Network(() => answers.shift() ?? { error: "invalid_grant" });
    const app = tessera(network());
    const { account: alice } = await signIn(app);
    await resultOrAuthError(() => signIn(app));
    await expectNobodyHarmed(app, () => tessera(network()), alice as AccountInfo);
  }
  const others = { uid: odd.uid, utid: tenant };

  it.each(claimNames)("claim %s of any type harms nobody", async (name) => {
    for (const [place, value] of wrongValuesFor(name).entries()) {
      const claims = { ...claimsOfOdd(), [name]: value };
      const idToken = `${encoded({ alg: "none" })}.${Buffer.from(jsonText(claims)).toString("base64url")}.x`;
      const ways = [encoded(others), undefined];
      for (const client_info of isFull ? ways : [ways[place % 2]])
        await stage({ ...tokens(), id_token: idToken, client_info });
    }
  });

  it.each(answerFields)("token response field %s of any type harms nobody", async (name) => {
    for (const value of wrongValuesFor(name)) {
      const answer = { ...tokens({}, claimsOfOdd()), client_info: encoded(others), [name]: value };
      await stage(jsonText(answer));
    }
  });

  it.each(["uid", "utid", "xms_tdbr"])("client_info field %s of any type harms nobody", async (name) => {
    for (const value of wrongValuesFor(name)) {
      const info = Buffer.from(jsonText({ ...others, [name]: value })).toString("base64url");
      await stage(tokens({ client_info: info }, claimsOfOdd()));
    }
  });

  function claimsOfOdd() {
    return {
      iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
      ...{ sub: odd.sub, oid: odd.uid, tid: tenant, aud: clientId, iat: now, exp: now + 3600 },
      preferred_username: "odd@example.test",
    };
  }

  it("tid of another type is refused, where the peer fails the look-ups of every user", async () => {
    await differs<unknown>(
      async (library) => {
        const answers = [tokens(), tokens({ client_info: encoded(others) }, { oid: odd.uid, tid: 5 })];
        const app = library(new Network(() => answers.shift() ?? {}));
        await signIn(app);
        const second = await signIn(app).then(() => "signed in", codeOf);
        const listed = app.getTokenCache().getAllAccounts();
        return [
          second,
          await listed.then(
            ({ length }) => length,
            (error: Error) => error.name,
          ),
        ];
      },
      ["invalid_id_token", 1],
      ["signed in", "TypeError"],
    );
  });
});

describe("at an OpenID Provider, one user's", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  beforeEach(() => provider.reset());

  it.each(claimNames)("claim %s of any type harms nobody", async (name) => {
    const app = provider.confidential();
    provider.answers.token = () => ({ body: provider.tokens({ scope: `openid ${scopes.join(" ")}` }) });
    const { account: alice } = await redeem(app);
    for (const value of wrongValuesFor(name)) {
      const claims = {
        sub: odd.sub,
        [name]: value === wrongValues["a number beyond all numbers"] ? 1e300 : value,
      };
      provider.answers.token = () => ({ body: provider.tokens({}, { claims }) });
      await resultOrAuthError(() => redeem(app));
    }
    provider.answers.token = () => ({ status: 400, body: { error: "invalid_grant" } });
    await expectNobodyHarmed(app, () => provider.confidential(), alice as AccountInfo);
  });
});

describe("in a stored cache, one user's", () => {
  const home = `${odd.uid}.${tenant}`;
  const idToken = {
    ...{
      home_account_id: home,
      environment: "login.windows.net",
      credential_type: "IdToken",
      client_id: clientId,
    },
    ...{ secret: jwt({ oid: odd.uid, tid: tenant, sub: odd.sub }), realm: tenant },
  };
  const good: Readonly<Record<string, Answer>> = {
    Account: {
      ...{
        home_account_id: home,
        environment: "login.windows.net",
        realm: tenant,
        local_account_id: odd.uid,
      },
      ...{
        username: "odd@example.test",
        authority_type: "MSSTS",
        name: "Odd",
        client_info: encoded({ uid: odd.uid }),
      },
      tenantProfiles: [JSON.stringify({ tenantId: tenant, localAccountId: odd.uid })],
    },
    IdToken: idToken,
    AccessToken: {
      ...only(accessToken({ home_account_id: home })),
      ...{
        refresh_on: `${now + 1800}`,
        resource: "r",
        id_token_realm: tenant,
        key_id: "k",
        ext_cache_key: "",
      },
      ...{
        userAssertionHash: undefined,
        user_assertion_hash: undefined,
        additionalCacheKeyComponents: undefined,
      },
    },
    RefreshToken: {
      ...only(refreshToken({ home_account_id: home })),
      ...{
        family_id: undefined,
        realm: undefined,
        target: "",
        expires_on: undefined,
        last_modification_time: "1",
      },
      ...{ userAssertionHash: undefined },
    },
    AppMetadata: { client_id: "another-client", environment: "login.windows.net", family_id: "1" },
  };
  const fields = Object.entries(good).flatMap(([section, entity]) =>
    Object.keys(entity).map((field) => [section, field] as const),
  );

  /** Alice's cache, with an entity of the other user in it. */
  async function stage(section: string, entity: unknown): Promise<void> {
    const one = JSON.parse(document({ AccessToken: accessToken(), RefreshToken: refreshToken() })) as Record<
      string,
      Record<string, unknown>
    >;
    one["IdToken"] = {
      alice: {
        ...idToken,
        ...account,
        home_account_id: account.homeAccountId,
        secret: jwt({ oid: uid, tid: tenant, sub: "s", preferred_username: account.username }),
      },
    };
    for (const [name, other] of Object.entries(good)) one[name] = { ...one[name], [`odd-${name}`]: other };
    one[section] = { ...one[section], [`odd-${section}`]: entity };
    const restart = () => tessera(new Network(() => ({ error: "invalid_grant" })));
    const app = restart();
    const stored = jsonText(one);
    app.getTokenCache().deserialize(stored);
    await expectNobodyHarmed(app, restart, account);
    // Untouched, as far as JSON carries it: 1e999 does not survive a parser.
    if (!stored.includes("1e999")) {
      const written = JSON.parse(app.getTokenCache().serialize()) as typeof one;
      expect(written[section]?.[`odd-${section}`]).toEqual(JSON.parse(jsonText(entity)));
    }
    app.getTokenCache().getKVStore();
    await resultOrAuthError(() => signIn(app));
    for (const known of await app.getAllAccounts()) await app.signOut({ account: known });
  }

  it.each(fields)("%s field %s of any type harms nobody, and is kept as it is", async (section, field) => {
    for (const value of wrongValuesFor(field)) await stage(section, { ...good[section], [field]: value });
  });

  it.each(Object.keys(good))(
    "%s that is not an entity harms nobody, and is kept as it is",
    async (section) => {
      for (const value of Object.values(wrongValues)) await stage(section, value);
    },
  );

  it.each(["expires_on", "cached_at", "extended_expires_on", "refresh_on"])(
    "%s beyond what a date can hold is never matched",
    async (field) => {
      for (const value of ["1e999", 9e12, "NaN", { toString: 1 }]) {
        const app = tessera(new Network(() => ({ error: "invalid_grant" })));
        app.getTokenCache().deserialize(document({ AccessToken: accessToken({ [field]: value }) }));
        const call = app.acquireTokenSilent({ scopes, account });
        await expect(call).rejects.toMatchObject({ errorCode: "no_tokens_found" });
      }
    },
  );

  it("a token that no header can carry is never matched, and no error quotes it", async () => {
    const app = tessera(new Network(() => ({ error: "invalid_grant" })));
    app.getTokenCache().deserialize(document({ AccessToken: accessToken({ secret: "at\r\nX-Evil: 1" }) }));
    expect(await app.acquireTokenSilent({ scopes, account }).catch(codeOf)).toBe("no_tokens_found");
  });

  function only(entities: Entities): Answer {
    return Object.values(entities)[0] ?? {};
  }
});
