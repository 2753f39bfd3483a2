// A token answers the scopes that it was asked for with, however the provider spells those that it grants.
// proves: core/src/request/scopes.ts, core/src/cache/schema/keys.ts, core/src/cache/memory/answers.ts
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { createMemoryTokenStore, type AccountInfo, type CacheOptions } from "@tessera/node";
import {
  differs,
  msal,
  Network,
  now,
  plugin,
  redirectUri,
  tessera,
  tokens,
  type App,
} from "../support/cache-stage.js";
import { describeWith } from "../support/real-part.js";
import { createTestClock } from "../support/test-clock.js";
import { interpreter } from "./schema-python.js";

/** A provider that grants what it is told to, whatever it is asked for. */
const granting = (scope: string | ((asked: string) => string)): Network =>
  new Network((form) => {
    const granted = typeof scope === "string" ? scope : scope(form["scope"] ?? "");
    if (form["grant_type"] !== "client_credentials") return tokens({ scope: granted }, { exp: now + 86_400 });
    return { token_type: "Bearer", access_token: `app-${Math.random()}`, expires_in: 3600, scope: granted };
  });

const silent = async (app: App, scopes: readonly string[]) => {
  const [account] = await app.getTokenCache().getAllAccounts();
  return app.acquireTokenSilent({ scopes: [...scopes], account: account as AccountInfo });
};

/** Every flow that looks into the cache, once somebody has signed in. */
const flows: Readonly<Record<string, (app: App, scopes: readonly string[]) => ReturnType<typeof silent>>> = {
  "a user's": silent,
  "an app's": (app, scopes) => app.acquireTokenByClientCredential({ scopes: [...scopes] }),
  "on behalf of a user": (app, scopes) =>
    app.acquireTokenOnBehalfOf({ scopes: [...scopes], oboAssertion: "the assertion" }),
};

const spellings: readonly {
  readonly asked: readonly string[];
  readonly granted: string;
  readonly peerHits?: true;
}[] = [
  { asked: ["User.Read"], granted: "https://graph.microsoft.com/User.Read openid" },
  { asked: ["https://graph.microsoft.com/User.Read"], granted: "User.Read" },
  { asked: ["30000000-0000-4000-8000-00000000ca11/user_impersonation"], granted: "user_impersonation" },
  { asked: ["https://database.example//.default"], granted: "https://database.example/.default" },
  { asked: ["https://vault.example/.default"], granted: "https://vault.example/user_impersonation" },
  { asked: ["Mail.Read", "User.Read"], granted: "Mail.Read" },
  { asked: ["Mail.Read"], granted: "openid profile" },
  { asked: ["Mail.Read", "User.Read"], granted: "User.Read Mail.Read", peerHits: true },
  { asked: ["User.Read"], granted: "user.read openid", peerHits: true },
  { asked: ["User.Read"], granted: "Mail.Read User.Read", peerHits: true },
];

describe.each(Object.entries(flows))("%s token", (_, ask) => {
  it.each(spellings)("asked for with $asked, granted as $granted, is a hit", async (row) => {
    const { asked, granted, peerHits } = row;
    await differs(
      async (library) => {
        const network = granting(granted);
        const app = library(network);
        await app.acquireTokenByCode({ code: "code", scopes: ["sign-in"], redirectUri });
        await ask(app, asked);
        network.forms.length = 0;
        const results = [];
        for (let call = 0; call < 5; call += 1) results.push((await ask(app, asked)).scopes.join(" "));
        expect(new Set(results)).toEqual(new Set([granted]));
        return network.forms.length;
      },
      0,
      peerHits ? 0 : 5,
    );
  });
});

const apis = ["api-one/user_impersonation", "api-two/user_impersonation"] as const;

describe("tokens of equal granted scopes that were asked for with others", () => {
  it.each<[string, () => CacheOptions]>([
    ["memory", () => ({})],
    ["a plugin", () => ({ cachePlugin: plugin({ text: "" }) })],
    ["a token store", () => ({ store: createMemoryTokenStore() })],
  ])("are each returned for their own question: in %s", async (_, cache) => {
    const network = granting("user_impersonation");
    const options = { cache: cache() };
    const app = tessera(network, options);
    await app.acquireTokenByCode({ code: "code", scopes: [apis[0]], redirectUri });
    const first = [await silent(app, [apis[0]]), await silent(app, [apis[1]])];
    expect(new Set(first.map(({ accessToken }) => accessToken)).size).toBe(2);
    const later = options.cache.cachePlugin || options.cache.store ? tessera(network, options) : app;
    for (const [index, api] of apis.entries()) {
      const { fromCache, accessToken } = await silent(later, [api]);
      expect([fromCache, accessToken]).toEqual([true, first[index]?.accessToken]);
    }
    expect(network.forms).toHaveLength(2);
  });

  it("make way for their own successors alone", async () => {
    const clock = createTestClock(now * 1000);
    const network = granting("user_impersonation");
    const app = tessera(network, { system: { clock } });
    await app.acquireTokenByCode({ code: "code", scopes: [apis[0]], redirectUri });
    for (let hour = 0; hour < 3; hour += 1) {
      for (const api of [...apis, ...apis]) await silent(app, [api]);
      expect(network.forms).toHaveLength(2 * hour + 2);
      clock.advance(3600);
    }
    const { AccessToken } = JSON.parse(app.getTokenCache().serialize()) as { AccessToken: object };
    expect(Object.keys(AccessToken)).toHaveLength(2);
  });
});

describe("a token that grants fewer scopes than it was asked for with", () => {
  const setUp = async () => {
    const network = granting((asked) => (asked.includes("Mail.Read") ? "Mail.Read" : asked));
    const app = tessera(network);
    await app.acquireTokenByCode({ code: "code", scopes: ["Mail.Read", "User.Read"], redirectUri });
    network.forms.length = 0;
    return { network, app };
  };

  it.each([
    [["User.Read", "Mail.Read"], true],
    [["MAIL.READ", "user.read", "openid"], true],
    [["Mail.Read"], true],
    [["User.Read"], false],
    [["Mail.Read", "User.Read", "Files.Read"], false],
  ])("answers %j: %s", async (scopes, fromCache) => {
    const { app } = await setUp();
    expect((await silent(app, scopes)).fromCache).toBe(fromCache);
  });

  it.each([
    ["more, and then fewer", "Mail.Read User.Read", "Mail.Read"],
    ["fewer, and then more", "Mail.Read", "Mail.Read User.Read"],
    ["others, and then others again", "a", "b c"],
  ])("is replaced when the provider grants %s", async (_, before, after) => {
    const clock = createTestClock(now * 1000);
    let granted = before;
    const network = granting(() => granted);
    const app = tessera(network, { system: { clock } });
    const scopes = ["Mail.Read", "User.Read"];
    const first = await app.acquireTokenByCode({ code: "code", scopes, redirectUri });
    granted = after;
    clock.advance(3400);
    const renewed = await silent(app, scopes);
    expect(renewed.accessToken).not.toBe(first.accessToken);
    expect(await silent(app, scopes)).toMatchObject({ fromCache: true, accessToken: renewed.accessToken });
    expect(network.forms).toHaveLength(2);
    expect(app.getTokenCache().stats().tokens).toBe(3);
  });
});

/** A file in which a user and an app have tokens under their own scopes and under the provider's. */
async function mixedFile(): Promise<{ text: string }> {
  const file = { text: "" };
  const network = granting((asked) => asked.replace("//.default", "/.default").replace(/api-\w+\//, ""));
  const app = tessera(network, { cache: { cachePlugin: plugin(file) } });
  await app.acquireTokenByCode({ code: "code", scopes: [apis[0]], redirectUri });
  await silent(app, [apis[1]]);
  for (const resource of ["https://database.example/", "https://database.example//"])
    await app.acquireTokenByClientCredential({ scopes: [`${resource}.default`] });
  return file;
}

async function expectHits(file: { text: string }): Promise<void> {
  const network = granting("never asked");
  const app = tessera(network, { cache: { cachePlugin: plugin(file) } });
  for (const api of apis) expect((await silent(app, [api])).fromCache).toBe(true);
  for (const resource of ["https://database.example/", "https://database.example//"])
    expect(await app.acquireTokenByClientCredential({ scopes: [`${resource}.default`] })).toMatchObject({
      fromCache: true,
    });
  expect(network.forms).toEqual([]);
}

describe("what a token was asked for with, in a file that is shared,", () => {
  it("outlives msal-node, which takes no such token for another, and fails for none", async () => {
    const file = await mixedFile();
    const network = granting("Files.Read");
    const peer = msal(network, { cache: { cachePlugin: plugin(file) } });
    const own = await peer.acquireTokenByClientCredential({ scopes: ["https://database.example/.default"] });
    expect(own.fromCache).toBe(true);
    expect(await silent(peer, ["Files.Read"])).toMatchObject({ fromCache: false });
    await expectHits(file);
    for (const api of apis) expect(await silent(peer, [api])).toMatchObject({ fromCache: false });
  });

  const isInstalled = spawnSync(interpreter, ["-c", "import msal"]).status === 0;
  describeWith("Debian's python3-msal", isInstalled, () => {
    it("outlives msal-python", async () => {
      const file = await mixedFile();
      const script =
        "import sys, json, msal\ncache = msal.SerializableTokenCache()\ncache.deserialize(sys.stdin.read())\n" +
        "for kind in ('AccessToken', 'RefreshToken'):\n" +
        "  for one in list(cache.find(kind)): cache.modify(kind, one, {'touched': 'yes'})\n" +
        "print(cache.serialize())";
      const { stdout, stderr } = spawnSync(interpreter, ["-c", script], {
        input: file.text,
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(stdout).toContain("touched");
      await expectHits({ text: stdout });
    });
  });
});
