import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, DistributedCachePlugin, LogLevel } from "@tessera/node";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { filePlugin } from "../support/file-plugin.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { putStored, storedDocument } from "../support/stored.js";

const scopes = ["https://graph.microsoft.com/User.Read"];

const unreadable = [
  { name: "truncated", text: '{"Account":{"a":{"home_account_id":"1' },
  { name: "an array", text: "[{}]" },
  { name: "a number", text: "17" },
  { name: "encrypted", text: "\u0001\u0000AQAAANCMnd8BFdERjHoAwE/Cl+sB" },
  { name: "a page", text: "<html>Service Unavailable</html>" },
];

describe("content that is not a cache", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  it.each(unreadable)("fails every call and stays as it is, if it is $name", async ({ text }) => {
    const file = { text };
    const app = entra.confidential({ cache: { cachePlugin: filePlugin(file), onUnreadable: "refuse" } });
    const error = { name: "ClientAuthError", errorCode: "invalid_cache_content" };
    await expect(app.getAllAccounts()).rejects.toMatchObject(error);
    await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject(error);
    await expect(
      app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] }),
    ).rejects.toMatchObject(error);
    expect(() => app.getTokenCache().deserialize(text)).toThrow(expect.objectContaining(error));
    expect(app.getTokenCache().stats().tokens).toBe(0);
    expect(file.text).toBe(text);
  });

  it.each(unreadable)(
    "stays as it is while calls succeed from memory, if it is $name and is to be ignored",
    async ({ text }) => {
      const file = { text };
      const warnings: string[] = [];
      const loggerOptions = {
        logLevel: LogLevel.Warning,
        loggerCallback: (_: LogLevel, message: string) => void warnings.push(message),
      };
      const app = entra.confidential({
        cache: { cachePlugin: filePlugin(file), onUnreadable: "ignore" },
        system: { loggerOptions },
      });
      const account = accountOf(await signInWithCode(entra, app, scopes));
      expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
      expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
        fromCache: false,
      });
      await app.removeAccount(account);
      expect(await app.getAllAccounts()).toEqual([]);
      expect(file.text).toBe(text);
      expect(warnings[0]).toContain("left unchanged");
    },
  );

  const accountsIn = (text: string | undefined): readonly string[] =>
    Object.keys((JSON.parse(text ?? "") as { Account: object }).Account);
  const mark = "\ufeff";

  describe.each(["", " \r\n\t", mark, `${mark}\n`, "{}", `${mark}{"Account":{}}\n`])(
    "is not what a file without content is: %j",
    (text) => {
      it("with a plugin", async () => {
        const file = { text };
        const app = entra.confidential({ cache: { cachePlugin: filePlugin(file) } });
        await signInWithCode(entra, app, scopes);
        expect(accountsIn(file.text)).toHaveLength(1);
      });

      it("with a token store", async () => {
        const store = createMemoryTokenStore(entra.clock);
        const app = entra.confidential({ cache: { store } });
        const partition = `user:${accountOf(await signInWithCode(entra, app, scopes)).homeAccountId}`;
        await putStored(store, partition, text);
        expect(await app.getAllAccounts()).toEqual([]);
        await signInWithCode(entra, app, scopes);
        expect(accountsIn(await storedDocument(store, partition))).toHaveLength(1);
      });

      it("with a distributed cache plugin, also where another user was loaded", async () => {
        const values = new Map<string, string>();
        const client = {
          get: async (key: string) => values.get(key) ?? text,
          set: async (key: string, value: string) => (values.set(key, value), value),
        };
        const extractKey = async ({ homeAccountId }: { readonly homeAccountId: string }) => homeAccountId;
        const cachePlugin = new DistributedCachePlugin(client, { getKey: async () => "another", extractKey });
        await signInWithCode(entra, entra.confidential({ cache: { cachePlugin } }), scopes);
        expect([...values.values()].flatMap(accountsIn)).toHaveLength(1);
      });
    },
  );

  it("is not what stands behind a byte order mark", async () => {
    const file = { text: "" };
    const app = entra.confidential({ cache: { cachePlugin: filePlugin(file) } });
    const account = accountOf(await signInWithCode(entra, app, scopes));
    file.text = `${mark}${file.text}\r\n`;
    const later = entra.confidential({ cache: { cachePlugin: filePlugin(file) } });
    expect(await later.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
  });

  it.each(["refuse", "ignore"] as const)(
    "in one partition of a token store is never overwritten (%s)",
    async (onUnreadable) => {
      const store = createMemoryTokenStore(entra.clock);
      const account = accountOf(
        await signInWithCode(entra, entra.confidential({ cache: { store } }), scopes),
      );
      const partition = `user:${account.homeAccountId}`;
      await putStored(store, partition, "\u0001AQAAANCMnd8B");
      const warnings: string[] = [];
      const loggerCallback = (_: LogLevel, message: string): void => void warnings.push(message);
      const app = entra.confidential({
        cache: { store, onUnreadable },
        system: { loggerOptions: { logLevel: LogLevel.Warning, loggerCallback } },
      });
      if (onUnreadable === "refuse") {
        const error = { name: "ClientAuthError", errorCode: "invalid_cache_content" };
        await expect(signInWithCode(entra, app, scopes)).rejects.toMatchObject(error);
        await expect(app.getAllAccounts()).rejects.toMatchObject(error);
        expect(app.getTokenCache().stats().tokens).toBe(0);
      } else {
        await signInWithCode(entra, app, scopes);
        expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
        expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
          fromCache: false,
        });
        expect(await app.getAllAccounts()).toHaveLength(1);
        expect(warnings[0]).toContain("left unchanged");
      }
      expect(await storedDocument(store, partition)).toBe("\u0001AQAAANCMnd8B");
    },
  );
});
