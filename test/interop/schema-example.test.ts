import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { scriptedNetwork } from "../support/scripted-network.js";
import { createApp, loaded, onlyAccount, type App, type CacheJson } from "./schema-libraries.js";

/** `shared/reference/cache-schema.md` §11: made-up values, in the form every MSAL library agrees on. */
const text = readFileSync(new URL("fixtures/cache-schema-example.json", import.meta.url), "utf8");
const example = JSON.parse(text) as CacheJson;
const tenantId = "20000000-0000-4000-8000-00000000c0de";
const clientId = "30000000-0000-4000-8000-00000000ca11";

describe.each(["tessera", "msal-node"] as const)("the complete example of the schema, in %s", (library) => {
  // A script without a line: whatever is asked of the network fails the test.
  const create = (tenant = tenantId): App => {
    const auth = {
      clientId,
      clientSecret: "secret",
      authority: `https://login.microsoftonline.com/${tenant}`,
    };
    return loaded(createApp(library, { auth, system: { networkClient: scriptedNetwork({}) } }), example);
  };

  it("lists the account", async () => {
    expect(await onlyAccount(create())).toMatchObject({
      homeAccountId: `10000000-0000-4000-8000-00000000a11c.${tenantId}`,
      environment: "login.windows.net",
      tenantId,
      username: "user@example.test",
      localAccountId: "10000000-0000-4000-8000-00000000a11c",
      name: "Example User",
      authorityType: "MSSTS",
      idTokenClaims: { sub: "pairwise-subject" },
    });
  });

  it.each([tenantId, "common", "organizations"])("hits for the user, authority %s", async (tenant) => {
    const app = create(tenant);
    for (const scopes of [["User.Read"], ["user.read"], ["User.Read", "profile"], ["openid"]]) {
      const account = await onlyAccount(app);
      expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({
        fromCache: true,
        accessToken: "example-user-at",
        scopes: ["User.Read", "profile", "openid", "email"],
        expiresOn: new Date(4102444800_000),
        extExpiresOn: new Date(4102448400_000),
        account: { username: "user@example.test" },
      });
    }
  });

  it("hits for the app itself", async () => {
    const request = { scopes: ["https://graph.microsoft.com/.default"] };
    expect(await create().acquireTokenByClientCredential(request)).toMatchObject({
      fromCache: true,
      accessToken: "example-app-at",
      account: null,
    });
  });

  it("writes it as it was, to the byte", async () => {
    expect(create().getTokenCache().serialize()).toBe(JSON.stringify(example));
  });
});
