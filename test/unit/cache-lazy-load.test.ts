// proves: core/src/cache/record.ts, core/src/cache/memory/load-and-dump.ts
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { Partitions } from "../../packages/core/src/cache/memory/partitions.js";
import { createTestClock } from "../support/test-clock.js";

const clientId = "30000000-0000-4000-8000-00000000ca11";
const tenant = "20000000-0000-4000-8000-00000000c0de";
const environment = "login.windows.net";
const clock = createTestClock(1_760_000_000_000);

describe("a cache of 20,000 accounts", () => {
  const COUNT = 20_000;
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it("is loaded without decoding an ID token, and finds one of them by decoding one", async () => {
    const pca = new PublicClientApplication({
      auth: { clientId },
      cache: { maxPartitions: COUNT },
      system: { clock },
    });
    const text = manyAccounts(COUNT);
    const parse = jest.spyOn(JSON, "parse");
    pca.getTokenCache().deserialize(text);
    expect(parse).toHaveBeenCalledTimes(1);

    const peek = jest.spyOn(Partitions.prototype, "peek");
    const visited = (): unknown[] => [...new Set(peek.mock.calls.map(([{ id }]) => id))];
    await pca.getAccountByHomeId("user-7");
    expect(visited()).toEqual(["user-7"]);
    // The index of ids and names is built once, and decodes nothing either.
    await pca.getAccountByLocalId("user-7");
    expect(parse).toHaveBeenCalledTimes(2);

    peek.mockClear();
    expect(await pca.getAccountByLocalId("user-19999")).toMatchObject({
      idTokenClaims: { name: "User 19999" },
    });
    expect(await pca.getAccounts({ username: "USER-500@contoso.example" })).toHaveLength(1);
    expect(await pca.getAccounts({ localAccountId: "user-8", username: "user-9@contoso.example" })).toEqual(
      [],
    );
    expect(visited()).toEqual(["user-19999", "user-500", "user-8"]);
    expect(parse).toHaveBeenCalledTimes(5);
  });

  it("lists as many accounts as there are, each decoded once", async () => {
    const pca = new PublicClientApplication({ auth: { clientId }, system: { clock } });
    pca.getTokenCache().deserialize(manyAccounts(1000));
    const parse = jest.spyOn(JSON, "parse");
    expect(await pca.getAllAccounts()).toHaveLength(1000);
    expect(await pca.getAllAccounts()).toHaveLength(1000);
    expect(parse).toHaveBeenCalledTimes(1000);
  });
});

/** As Python and Go write them: without tenant profiles. */
function manyAccounts(count: number): string {
  const accounts: string[] = [];
  const idTokens: string[] = [];
  for (let id = 0; id < count; id += 1) {
    const home = { home_account_id: `user-${id}`, environment };
    const account = {
      ...home,
      realm: tenant,
      local_account_id: `user-${id}`,
      username: `user-${id}@contoso.example`,
      authority_type: "MSSTS",
    };
    const claims = {
      name: `User ${id}`,
      oid: `user-${id}`,
      tid: tenant,
      preferred_username: account.username,
    };
    const secret = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`;
    accounts.push(`"user-${id}-${environment}-${tenant}":${JSON.stringify(account)}`);
    idTokens.push(
      `"user-${id}-${environment}-idtoken":${JSON.stringify({ ...home, client_id: clientId, credential_type: "IdToken", realm: tenant, secret })}`,
    );
  }
  return `{"Account":{${accounts.join(",")}},"IdToken":{${idTokens.join(",")}}}`;
}
