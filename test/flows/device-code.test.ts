// Real polling: the clock of both ends moves only when the library waits.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Fault } from "@tessera/local-authority";
import {
  PublicClientApplication,
  type AuthenticationResult,
  type DeviceCodeRequest,
  type DeviceCodeResponse,
} from "@tessera/node";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNothingKept } from "../support/nothing-kept.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };

describe("at the local authority", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterEach(() => entra.authority.clearRequests());
  afterAll(() => entra.close());

  interface Run {
    readonly app: PublicClientApplication;
    readonly result: Promise<AuthenticationResult>;
    /** What the callback got. */
    readonly shown: DeviceCodeResponse[];
    /** Seconds the library waited, one by one. */
    readonly waits: number[];
  }

  /**
   * @param whenWaiting what happens while the library waits for the nth time, counted from 1
   */
  function start(
    whenWaiting: (turn: number, device: DeviceCodeResponse) => unknown,
    over: Partial<DeviceCodeRequest> = {},
  ): Run {
    const shown: DeviceCodeResponse[] = [];
    const waits: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      waits.push(milliseconds / 1000);
      entra.clock.advance(milliseconds / 1000);
      const [device] = shown;
      if (device) await whenWaiting(waits.length, device);
    };
    const system = { ...entra.configuration("public").system, clock: { now: entra.clock.now, sleep } };
    const app = new PublicClientApplication({ ...entra.configuration("public"), system });
    const deviceCodeCallback = (device: DeviceCodeResponse): void => void shown.push(device);
    const result = app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback, ...over });
    result.catch(() => undefined);
    return { app, result, shown, waits };
  }

  /** The user signs in while the library waits for the nth time. */
  const signsInAt =
    (when: number, decision: "accept" | "cancel" = "accept") =>
    async (turn: number, { verificationUri, userCode }: DeviceCodeResponse): Promise<void> => {
      if (turn !== when) return;
      await signInOnDevice(verificationUri, userCode, { ...alice, decision, ca: entra.authority.caPem });
    };

  const polls = () => entra.authority.requests.filter(({ endpoint }) => endpoint === "token");

  test("shows the code, polls until the user has signed in, and keeps the tokens", async () => {
    const { app, result, shown, waits } = start(signsInAt(3));
    const { account, fromCache, accessToken } = await result;
    expect(account?.username).toBe(alice.username);
    expect(fromCache).toBe(false);
    expect(shown).toEqual([
      {
        userCode: expect.stringMatching(/^[A-Z0-9-]{6,}$/),
        deviceCode: expect.any(String),
        verificationUri: `${entra.authority.url}/common/oauth2/deviceauth`,
        message: expect.stringContaining(shown[0]?.userCode ?? "?"),
        expiresIn: 900,
        interval: 5,
      },
    ]);
    expect(waits).toEqual([5, 5, 5]);
    expect(polls()).toHaveLength(3);
    expect(polls()[0]?.form).toMatchObject({ grant_type: "device_code", device_code: shown[0]?.deviceCode });
    const [known] = await app.getAllAccounts();
    const silent = await app.acquireTokenSilent({
      scopes,
      account: known ?? accountOf({ account } as never),
    });
    expect(silent).toMatchObject({ fromCache: true, accessToken });
  });

  const blips: Readonly<
    Record<string, { readonly fault: Omit<Fault, "match">; readonly waits: readonly number[] }>
  > = {
    "slow_down adds five seconds, for good": {
      fault: { status: 400, body: JSON.stringify({ error: "slow_down" }) },
      waits: [5, 10, 10],
    },
    "slow_down twice adds ten": {
      fault: { status: 400, body: JSON.stringify({ error: "slow_down" }), times: 2 },
      waits: [5, 10, 15],
    },
    "a broken connection does not end the wait": { fault: { reset: true }, waits: [5, 10, 10] },
    "HTTP 500 does not end the wait": { fault: { status: 500 }, waits: [5, 10, 10] },
    "HTTP 503 with a page does not end the wait": {
      fault: { status: 503, body: "<html>" },
      waits: [5, 10, 10],
    },
    "HTTP 502 with a page does not end the wait": {
      fault: { status: 502, body: "<html>" },
      waits: [5, 10, 10],
    },
    "HTTP 429 does not end the wait": {
      fault: { status: 429, headers: { "Retry-After": "7" } },
      waits: [5, 10, 10],
    },
  };
  test.each(Object.entries(blips))("%s", async (_, { fault, waits }) => {
    entra.authority.fault({ match: "token", ...fault });
    const run = start(signsInAt(3));
    expect(accountOf(await run.result).username).toBe(alice.username);
    expect(run.waits).toEqual(waits);
  });

  const ends: Readonly<
    Record<
      string,
      {
        readonly code: string;
        readonly name?: string;
        readonly over?: Partial<DeviceCodeRequest>;
        readonly fault?: Fault;
        readonly when?: (turn: number, device: DeviceCodeResponse) => unknown;
      }
    >
  > = {
    "the user declines": {
      code: "authorization_declined",
      name: "ServerError",
      when: (turn, device) => signsInAt(2, "cancel")(turn, device),
    },
    "the code expires": { code: "device_code_expired" },
    "the server says that the code has expired": {
      code: "device_code_expired",
      fault: { match: "token", status: 400, body: JSON.stringify({ error: "expired_token" }) },
    },
    "the server says something else": {
      code: "invalid_client",
      name: "ServerError",
      fault: { match: "token", status: 401, body: JSON.stringify({ error: "invalid_client" }) },
    },
    "the app's patience ends": { code: "user_timeout_reached", over: { timeout: 12 } },
    "the code cannot be had": {
      code: "invalid_client",
      name: "ServerError",
      fault: { match: "device-code", status: 400, body: JSON.stringify({ error: "invalid_client" }) },
    },
    "the answer holds no code": {
      code: "device_code_unknown_error",
      fault: { match: "device-code", status: 200, body: JSON.stringify({ user_code: "x" }) },
    },
  };
  test.each(Object.entries(ends))(
    "ends when %s",
    async (_, { code, name = "ClientAuthError", over, fault, when }) => {
      const met = fault && entra.authority.fault(fault);
      const { app, result } = start((turn, device) => when?.(turn, device), over);
      await expect(result).rejects.toMatchObject({ name, errorCode: code });
      met?.clear();
      await expectNothingKept(app);
    },
  );

  test("cancel = true on the request ends the wait", async () => {
    const request: DeviceCodeRequest = { scopes, deviceCodeCallback: () => undefined };
    const clock = {
      now: entra.clock.now,
      sleep: async () => {
        request.cancel = true;
      },
    };
    const app = entra.publicClient();
    const cancellable = new PublicClientApplication({
      ...entra.configuration("public"),
      system: { ...entra.configuration("public").system, clock },
    });
    await expect(cancellable.acquireTokenByDeviceCode(request)).rejects.toMatchObject({
      errorCode: "device_code_polling_cancelled",
    });
    expect(polls()).toEqual([]);
    await expectNothingKept(app);
  });

  test.each([
    ["signal", "request_aborted"],
    ["timeoutMs", "request_timeout"],
  ])("%s ends the wait at once, in the middle of a pause", async (bound, errorCode) => {
    // The machine's own clock: the pause would take five seconds.
    const app = new PublicClientApplication({
      ...entra.configuration("public"),
      system: { ca: entra.authority.caPem },
    });
    const controller = new AbortController();
    const started = performance.now();
    const result = app.acquireTokenByDeviceCode({
      scopes,
      signal: controller.signal,
      ...(bound === "timeoutMs" ? { timeoutMs: 700 } : {}),
      deviceCodeCallback: () => {
        if (bound === "signal") setImmediate(() => controller.abort());
      },
    });
    await expect(result).rejects.toMatchObject({ errorCode });
    expect(performance.now() - started).toBeLessThan(4000);
    expect(polls()).toEqual([]);
  });

  test("a callback that fails ends the wait with its own error", async () => {
    const sync = start(() => undefined, {
      deviceCodeCallback: () => {
        throw new Error("no screen");
      },
    });
    await expect(sync.result).rejects.toThrow("no screen");
    const later = start(() => undefined, { deviceCodeCallback: () => Promise.reject(new Error("no paper")) });
    await expect(later.result).rejects.toThrow("no paper");
  });

  test("does not wait for a callback that lasts as long as what it shows", async () => {
    const never = new Promise<void>(() => undefined);
    const run: Run = start(signsInAt(1), {
      deviceCodeCallback: (device) => {
        run.shown.push(device);
        return never;
      },
    });
    expect(accountOf(await run.result).username).toBe(alice.username);
  });

  test("two codes at once are two sign-ins", async () => {
    const runs = [start(signsInAt(1)), start(signsInAt(2))];
    const results = await Promise.all(runs.map(({ result }) => result));
    expect(results.map((result) => accountOf(result).username)).toEqual([alice.username, alice.username]);
    expect(new Set(runs.map(({ shown }) => shown[0]?.deviceCode)).size).toBe(2);
  });

  test("a request without a callback is refused before anything is sent", async () => {
    const result = entra.publicClient().acquireTokenByDeviceCode({ scopes } as never);
    await expect(result).rejects.toMatchObject({ name: "ClientConfigurationError" });
    expect(entra.authority.requests).toEqual([]);
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
