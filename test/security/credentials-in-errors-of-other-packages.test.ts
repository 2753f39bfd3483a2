// proves: persistence/src/create-persistent-cache.ts, local-authority/src/config/checks.ts
//
// No value of an option that holds a credential stands in the text of an error, in anything beneath it, or in a log line,
// whatever form the value has, and whatever the network and the server do with it: the
// options of the packages beside @tessera/node.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import { createPersistentCache } from "@tessera/persistence";
import { leaksOf, type Attempt } from "../support/credential-leaks.js";
import { leaksIn, MARK } from "../support/marked-values.js";

const folder = mkdtempSync(join(tmpdir(), "credentials-in-errors-"));

describe("@tessera/persistence:", () => {
  const once = { "is not asked": () => undefined };
  const options = {
    appName: "credentials-in-errors",
    directory: join(folder, "cache"),
    onProblem: () => undefined,
  };

  it.each<[string, (value: unknown) => object]>([
    ["protection", (value) => ({ protection: value })],
    ["protection.passphrase, given an object", (value) => ({ protection: { passphrase: [value] } })],
    ["protection.passphrase, misspelt", (value) => ({ protection: { passPhrase: value } })],
    ["migrateFrom", (value) => ({ protection: "none", migrateFrom: value })],
    ["migrateFrom.cachePath", (value) => ({ protection: "none", migrateFrom: { cachePath: [value] } })],
  ])("%s", async (_, over) => {
    expect(await leaksOf((value) => createPersistentCache({ ...options, ...over(value) }), once)).toEqual([]);
  });

  it("a passphrase that does not open the cache", async () => {
    const directory = join(folder, "locked");
    const opened = await createPersistentCache({
      ...options,
      directory,
      protection: { passphrase: "the first" },
    });
    const tokenCache = { serialize: () => "{}", deserialize: () => undefined };
    const context = { tokenCache, cacheHasChanged: true } as never;
    await opened.beforeCacheAccess(context);
    await opened.afterCacheAccess(context);
    const error: unknown = await createPersistentCache({
      ...options,
      directory,
      protection: { passphrase: MARK },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: "wrong_passphrase" });
    expect(leaksIn(error)).toEqual([]);
  });
});

describe("@tessera/local-authority:", () => {
  const tenant = { id: "11111111-1111-1111-1111-111111111111", domain: "contoso.example" };
  const app = { clientId: "a1", name: "web" };

  it.each<[string, (value: unknown) => object]>([
    ["clientSecret", (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, clientSecret: [value] }] }] })],
    [
      "clientSecret, misspelt",
      (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, clientPassphrase: value }] }] }),
    ],
    [
      "password",
      (value) => ({
        tenants: [{ ...tenant, users: [{ username: "alice@contoso.example", password: [value] }] }],
      }),
    ],
    [
      "password, misspelt",
      (value) => ({
        tenants: [{ ...tenant, users: [{ username: "alice@contoso.example", pasword: value }] }],
      }),
    ],
    ["users that are no array", (value) => ({ tenants: [{ ...tenant, users: { password: value } }] })],
    ["certificates", (value) => ({ tenants: [{ ...tenant, apps: [{ ...app, certificates: [value] }] }] })],
  ])("%s", async (_, options) => {
    const attempt: Attempt = async (value) => {
      const started = await startLocalAuthority(options(value));
      await started.close();
    };
    expect(await leaksOf(attempt, { "is not asked": () => undefined })).toEqual([]);
  });
});
