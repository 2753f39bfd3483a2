// proves: core/src/cache/account-filter.ts, core/src/cache/listed-accounts.ts, core/src/cache/memory/account-index.ts,
// core/src/cache/schema/key-value-store.ts
import { describe, expect, it } from "@jest/globals";
import { PublicClientApplication, type AccountInfo } from "@tessera/node";
import { account, clientId } from "../support/cache-entities.js";

/** A user with an account in the home tenant, and profiles in the tenants that are given. */
function user(
  id: string,
  profiles: readonly Readonly<Record<string, string>>[],
): readonly [string, Readonly<Record<string, unknown>>] {
  const [home] = profiles;
  const entity = account({
    home_account_id: `${id}.t1`,
    local_account_id: home?.["localAccountId"] ?? "",
    username: home?.["username"] ?? "",
    tenantProfiles: profiles.map((profile) => JSON.stringify(profile)),
  });
  return [`${id}.t1-login.windows.net-t1`, entity];
}

const alice = { tenantId: "t1", localAccountId: "alice", username: "Alice@a.example" };
const aliceAsGuest = {
  tenantId: "t2",
  localAccountId: "alice in t2",
  username: "alice_a#ext@b.example",
  upn: "Alice.Guest@b.example",
};
const bob = { tenantId: "t1", localAccountId: "bob", username: "bob@a.example" };
const carol = { tenantId: "t1", localAccountId: "carol", username: "office@a.example" };
const carolAsGuest = { tenantId: "t2", localAccountId: "id of two", username: "carol@b.example" };
const dave = { tenantId: "t1", localAccountId: "id of two", username: "Office@a.example" };
const nameless = { tenantId: "t1", localAccountId: "nameless", username: "" };

function application(): PublicClientApplication {
  const app = new PublicClientApplication({ auth: { clientId } });
  const users = [
    user("alice", [alice, aliceAsGuest]),
    user("bob", [bob]),
    user("carol", [carol, carolAsGuest]),
    user("dave", [dave]),
    user("nameless", [nameless]),
  ];
  app.getTokenCache().deserialize(JSON.stringify({ Account: Object.fromEntries(users) }));
  return app;
}

const names = (accounts: readonly AccountInfo[]): readonly string[] =>
  accounts.map(({ homeAccountId, tenantId }) => `${homeAccountId} in ${tenantId}`).sort();

describe("the data boundary", () => {
  const boundaryOf = async (info: object) => {
    const clientInfo = Buffer.from(JSON.stringify(info)).toString("base64url");
    const app = new PublicClientApplication({ auth: { clientId } });
    const entity = account({ client_info: clientInfo });
    app.getTokenCache().deserialize(JSON.stringify({ Account: { one: entity } }));
    const [first] = await app.getAllAccounts();
    return first?.dataBoundary;
  };

  it.each(["", "1", "12", "123", "1234"])("is found in client_info after the user %p", async (uid) => {
    expect(await boundaryOf({ uid, xms_tdbr: "EU" })).toBe("EU");
    expect(await boundaryOf({ uid, xms_tdbr: "NA" })).toBe("None");
    expect(await boundaryOf({ uid })).toBeUndefined();
  });
});

describe("accounts are found", () => {
  it.each<[object, readonly string[]]>([
    [
      {},
      [
        "alice.t1 in t1",
        "alice.t1 in t2",
        "bob.t1 in t1",
        "carol.t1 in t1",
        "carol.t1 in t2",
        "dave.t1 in t1",
        "nameless.t1 in t1",
      ],
    ],
    [{ localAccountId: "alice" }, ["alice.t1 in t1"]],
    [{ localAccountId: "alice in t2" }, ["alice.t1 in t2"]],
    [{ localAccountId: "ALICE" }, []],
    [{ localAccountId: "id of two" }, ["carol.t1 in t2", "dave.t1 in t1"]],
    [{ username: "aLICE@A.example" }, ["alice.t1 in t1"]],
    [{ username: "alice_a#EXT@b.example" }, ["alice.t1 in t2"]],
    [{ username: "alice.guest@B.example" }, ["alice.t1 in t2"]],
    [{ username: "OFFICE@a.example" }, ["carol.t1 in t1", "dave.t1 in t1"]],
    [{ username: "nobody@a.example" }, []],
    [{ tenantId: "T2" }, ["alice.t1 in t2", "carol.t1 in t2"]],
    [{ tenantId: "t3" }, []],
    [{ homeAccountId: "alice.t1" }, ["alice.t1 in t1", "alice.t1 in t2"]],
    [{ homeAccountId: "alice.t1", tenantId: "t2" }, ["alice.t1 in t2"]],
    [{ homeAccountId: "alice.t1", localAccountId: "bob" }, []],
    [{ homeAccountId: "alice.t1", username: "bob@a.example" }, []],
    [{ homeAccountId: "alice.t1", username: "alice.guest@b.example" }, ["alice.t1 in t2"]],
    [{ localAccountId: "id of two", username: "office@a.example" }, ["dave.t1 in t1"]],
    [{ username: "office@a.example", tenantId: "t2" }, []],
  ])("by %j", async (filter, found) => {
    expect(names(await application().getAccounts(filter))).toEqual(found);
  });

  it("by a name that two had, when one of them has left; by none when both have", async () => {
    const app = application();
    const found = async (): Promise<readonly (readonly string[])[]> => [
      names(await app.getAccounts({ username: "office@a.example" })),
      names(await app.getAccounts({ localAccountId: "id of two" })),
    ];
    await found();
    await app.signOut({ account: (await app.getAccountByHomeId("dave.t1")) as AccountInfo });
    expect(await found()).toEqual([["carol.t1 in t1"], ["carol.t1 in t2"]]);
    await app.signOut({ account: (await app.getAccountByHomeId("carol.t1")) as AccountInfo });
    expect(await found()).toEqual([[], []]);
  });

  it("by the account's user name where the profile says none", async () => {
    const app = new PublicClientApplication({ auth: { clientId } });
    const [key, entity] = user("erin", [{ tenantId: "t1", localAccountId: "erin", username: "" }]);
    const named = { ...entity, username: "Erin@a.example" };
    app.getTokenCache().deserialize(JSON.stringify({ Account: { [key]: named } }));
    const filter = { username: "erin@a.example" };
    expect(names(await app.getAccounts(filter))).toEqual(["erin.t1 in t1"]);
  });

  it("though another library says neither their names nor their tenants", async () => {
    const app = new PublicClientApplication({ auth: { clientId } });
    const entity = { ...account({ realm: "organizations" }), username: undefined };
    app.getTokenCache().deserialize(JSON.stringify({ Account: { a: entity } }));
    const [found] = await app.getAllAccounts();
    expect(found).toMatchObject({
      homeAccountId: "u1.t1",
      tenantId: "t1",
      localAccountId: "u1",
      username: "",
    });
    expect(found?.tenantProfiles?.get("t1")).toMatchObject({ username: "", isHomeTenant: true });
  });

  it("by their ids one by one, or not at all", async () => {
    const app = application();
    expect(await app.getAccountByHomeId("bob.t1")).toMatchObject(bob);
    expect(await app.getAccountByLocalId("alice in t2")).toMatchObject(aliceAsGuest);
    expect(await app.getAccountByHomeId("nobody")).toBeNull();
    expect(await app.getAccountByLocalId("nobody")).toBeNull();
    expect(await app.getAccountByHomeId("")).toBeNull();
    expect(await app.getAccountByLocalId("")).toBeNull();
  });
});

it("entities for plugins leave out what is none", () => {
  const cache = new PublicClientApplication({ auth: { clientId } }).getTokenCache();
  const foreign = { Account: { a: account(), b: "text" }, IdToken: null, RefreshToken: "text", Other: {} };
  cache.deserialize(JSON.stringify(foreign));
  expect(Object.keys(cache.getKVStore())).toEqual(["a"]);
  expect(JSON.parse(cache.serialize())).toMatchObject(foreign);
});
