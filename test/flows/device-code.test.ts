// Device codes, from the first request to the tokens: the clock of both ends moves only when the library waits.
// proves: core/src/flows/device-code.ts
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PublicClientApplication, type DeviceCodeResponse } from "@tessera/node";
import { alice, deviceCodeStage, type DeviceCodeRun } from "../support/device-code-stage.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra } from "../support/entra.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";

const scopes = ["https://graph.microsoft.com/User.Read"];

describe("at the local authority", () => {
  const stage = deviceCodeStage();

  test("shows the code, polls until the user has signed in, and keeps the tokens", async () => {
    const { app, result, shown, waits } = stage.start(stage.signsInAt(3));
    const { account, fromCache, accessToken } = await result;
    expect(account?.username).toBe(alice.username);
    expect(fromCache).toBe(false);
    expect(shown).toEqual([
      {
        userCode: expect.stringMatching(/^[A-Z0-9-]{6,}$/),
        deviceCode: expect.any(String),
        verificationUri: `${stage.entra.authority.url}/common/oauth2/deviceauth`,
        message: expect.stringContaining(shown[0]?.userCode ?? "?"),
        expiresIn: 900,
        interval: 5,
      },
    ]);
    expect(waits).toEqual([5, 5, 5]);
    expect(stage.polls()).toHaveLength(3);
    expect(stage.polls()[0]?.form).toMatchObject({
      grant_type: "device_code",
      device_code: shown[0]?.deviceCode,
    });
    const [known] = await app.getAllAccounts();
    const silent = await app.acquireTokenSilent({
      scopes,
      account: known ?? accountOf({ account } as never),
    });
    expect(silent).toMatchObject({ fromCache: true, accessToken });
  });

  test("a callback that fails ends the wait with its own error", async () => {
    const sync = stage.start(() => undefined, {
      deviceCodeCallback: () => {
        throw new Error("no screen");
      },
    });
    await expect(sync.result).rejects.toThrow("no screen");
    const later = stage.start(() => undefined, {
      deviceCodeCallback: () => Promise.reject(new Error("no paper")),
    });
    await expect(later.result).rejects.toThrow("no paper");
  });

  test("does not wait for a callback that lasts as long as what it shows", async () => {
    const never = new Promise<void>(() => undefined);
    const run: DeviceCodeRun = stage.start(stage.signsInAt(1), {
      deviceCodeCallback: (device) => {
        run.shown.push(device);
        return never;
      },
    });
    expect(accountOf(await run.result).username).toBe(alice.username);
  });

  test("two codes at once are two sign-ins", async () => {
    const runs = [stage.start(stage.signsInAt(1)), stage.start(stage.signsInAt(2))];
    const results = await Promise.all(runs.map(({ result }) => result));
    expect(results.map((result) => accountOf(result).username)).toEqual([alice.username, alice.username]);
    expect(new Set(runs.map(({ shown }) => shown[0]?.deviceCode)).size).toBe(2);
  });

  test("two codes at once are two sign-ins, though both calls have the same correlation id", async () => {
    const correlationId = "11111111-2222-4333-8444-555555555555";
    const runs = [1, 2].map((turn) => stage.start(stage.signsInAt(turn), { correlationId }));
    for (const { result } of runs) expect(accountOf(await result).username).toBe(alice.username);
    expect(new Set(runs.map(({ shown }) => shown[0]?.deviceCode)).size).toBe(2);
  });

  test("a request without a callback is refused before anything is sent", async () => {
    const result = stage.entra.publicClient().acquireTokenByDeviceCode({ scopes } as never);
    await expect(result).rejects.toMatchObject({ name: "ClientConfigurationError" });
    expect(stage.entra.authority.requests).toEqual([]);
  });

  test("verification_uri_complete is passed on when the server has it", async () => {
    const other = await startEntra({ deviceCode: { completeUri: true, interval: 2 } });
    let device: DeviceCodeResponse | undefined;
    let done: Promise<string> | undefined;
    try {
      const sleep = async (milliseconds: number): Promise<void> => {
        other.clock.advance(milliseconds / 1000);
        await done;
      };
      const system = { ca: other.authority.caPem, clock: { now: other.clock.now, sleep } };
      const app = new PublicClientApplication({ ...other.configuration("public"), system });
      const result = await app.acquireTokenByDeviceCode({
        scopes,
        deviceCodeCallback: (shown) => {
          device = shown;
          done = signInOnDevice(shown.verificationUriComplete ?? "", "", {
            ...alice,
            ca: other.authority.caPem,
          });
        },
      });
      expect(accountOf(result).username).toBe(alice.username);
      expect(device).toMatchObject({
        interval: 2,
        verificationUriComplete: expect.stringContaining("user_code="),
      });
    } finally {
      await other.close();
    }
  });
});

describe("at oidc-provider", () => {
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startOpenIdProvider();
  });
  afterAll(() => provider.close());

  test("uses the endpoint it publishes and the grant's URN, and ends when the user has signed in", async () => {
    let signedIn: Promise<string> | undefined;
    let device: DeviceCodeResponse | undefined;
    // The provider's clock is the machine's: waiting means waiting for the user.
    const clock = {
      now: () => Date.now(),
      sleep: async (): Promise<void> => {
        await signedIn;
      },
    };
    const app = new PublicClientApplication({
      auth: { clientId: provider.clients.publicClient.clientId, oidcAuthority: provider.url },
      system: { proxy: false, clock },
    });
    const result = await app.acquireTokenByDeviceCode({
      scopes: ["openid", "offline_access"],
      deviceCodeCallback: (shown) => {
        device = shown;
        signedIn = signInOnDevice(shown.verificationUri, shown.userCode, {
          username: "olga@example.org",
          password: "any",
        });
      },
    });
    expect(accountOf(result).username).toBe("olga@example.org");
    expect(device).toMatchObject({
      verificationUri: `${provider.url}/device`,
      verificationUriComplete: expect.stringContaining(device?.userCode ?? "?"),
    });
    expect(provider.requests.filter(({ path }) => path === "/device/auth")).toHaveLength(1);
    expect(provider.tokenRequests().at(-1)?.form["grant_type"]).toBe(
      "urn:ietf:params:oauth:grant-type:device_code",
    );
  });

  test("a provider without device codes is refused with the reason", async () => {
    const app = new PublicClientApplication({
      auth: {
        clientId: "x",
        oidcAuthority: provider.url,
        authorityMetadata: JSON.stringify({
          issuer: provider.url,
          authorization_endpoint: `${provider.url}/auth`,
          token_endpoint: `${provider.url}/token`,
          jwks_uri: `${provider.url}/jwks`,
        }),
      },
      system: { proxy: false },
    });
    await expect(
      app.acquireTokenByDeviceCode({ scopes: ["openid"], deviceCodeCallback: () => undefined }),
    ).rejects.toMatchObject({
      errorCode: "openid_config_error",
      errorMessage: expect.stringContaining("device_authorization_endpoint"),
    });
  });
});
