// What a call needs besides its requests shares their time: credentials and tokens that a function of the app provides, another
// call that such a function makes, and the endpoint of a region.
// proves: core/src/http/within-call-time.ts, core/src/credential/shared-renewals.ts, node/src/credential/renewed-token.ts,
// node/src/credential/managed-identity-assertion.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  createAuthenticatedFetch,
  managedIdentityAssertion,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { deadlineInHand, endsOutOfTime } from "../support/deadline-in-hand.js";
import {
  clientId,
  clientSecret,
  redeem,
  startFakeProvider,
  type FakeProvider,
} from "../support/fake-provider.js";
import { vaultKey } from "../support/external-keys.js";
import { gate, type Gate } from "../support/gate.js";
import { setEnvironment } from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, type MetadataEndpoint } from "../support/metadata-endpoint.js";

const callTimeoutMs = 99_999;
/** What is left to the part that never ends, in milliseconds. */
const rest = 55_555;
const timeoutMs = 77_777;
const system = { callTimeoutMs, retries: 0 };
const never = new Promise<never>(() => undefined);
const { privateKeyPem, certificatePem: publicCertificate } = makeCertificate({
  subject: "daemon",
  keyType: "rsa",
});
const signWithVault = vaultKey(privateKeyPem);
let provider: FakeProvider;
let metadata: MetadataEndpoint;

beforeAll(async () => {
  [provider, metadata] = await Promise.all([startFakeProvider(), startMetadataEndpoint()]);
});
afterEach(() => provider.reset());
afterAll(() => Promise.all([provider.close(), metadata.close()]));

/** Discovery takes the time of a call but for the rest. */
const slowDiscovery = (): void => {
  const { discovery } = provider.answers;
  provider.answers.discovery = (request) => {
    provider.clock.advance((callTimeoutMs - rest) / 1000);
    return discovery(request);
  };
};
const token = (app: ConfidentialClientApplication, bounds: object = {}) =>
  app.acquireTokenByClientCredential({ scopes: ["api:read"], ...bounds });

/** A function of the app, which hangs at first, and the signal that it has been given. */
interface Part {
  readonly asked: Gate;
  signal?: AbortSignal | undefined;
  isMended: boolean;
}
type Build = (part: Part) => ConfidentialClientApplication;

const provided = async <T>(part: Part, signal: AbortSignal | undefined, value: T): Promise<T> => {
  part.signal = signal;
  part.asked.open();
  return part.isMended ? value : never;
};
const withAuth = (auth: Partial<NodeAuthOptions>): ConfidentialClientApplication =>
  provider.confidential({ system, auth: { clientSecret: "", ...auth } });

describe.each<[string, Build]>([
  ["a secret", (part) => withAuth({ clientSecret: ({ signal }) => provided(part, signal, clientSecret) })],
  ["an assertion", (part) => withAuth({ clientAssertion: ({ signal }) => provided(part, signal, "a.b.c") })],
  [
    "a certificate",
    (part) =>
      withAuth({
        clientCertificate: (_refusal, { signal } = {}) =>
          provided(part, signal, { privateKey: privateKeyPem, publicCertificate }),
      }),
  ],
  [
    "a signature",
    (part) =>
      withAuth({
        clientCertificate: {
          publicCertificate,
          sign: async (data, algorithm, { signal } = {}) =>
            provided(part, signal, await signWithVault(data, algorithm)),
        },
      }),
  ],
  [
    "an app token",
    (part) => {
      const app = provider.confidential({ system });
      const given = { accessToken: "a-token", expiresInSeconds: 3600 };
      app.SetAppTokenProvider(({ signal }) => provided(part, signal, given));
      return app;
    },
  ],
])("a function that never returns %s", (_, build) => {
  let part: Part;
  beforeEach(() => {
    part = { asked: gate(), isMended: false };
  });

  it("has what is left to the call, and is asked again by the next one", async () => {
    slowDiscovery();
    const app = build(part);
    await endsOutOfTime(rest, () => token(app), part.asked.opened);
    expect(part.signal?.aborted).toBe(true);
    part.isMended = true;
    // The first call has left a pause.
    provider.clock.advance(60);
    await expect(token(app)).resolves.toMatchObject({ fromCache: false });
  });

  it("is left by a call whose timeoutMs is over, and learns of it", async () => {
    const deadline = deadlineInHand(timeoutMs);
    try {
      const call = expect(token(build(part), { timeoutMs })).rejects.toMatchObject({
        errorCode: "request_timeout",
      });
      await part.asked.opened;
      deadline.pass();
      await call;
    } finally {
      deadline.restore();
    }
    expect(part.signal?.aborted).toBe(true);
  });

  it("is not aborted by its success", async () => {
    part.isMended = true;
    await token(build(part));
    expect(part.signal?.aborted).toBe(false);
  });
});

describe("a secret that an HS256 ID token is verified with", () => {
  it("has what is left to the call; the next one asks again, with the refresh token that has come", async () => {
    const key = new TextEncoder().encode(clientSecret);
    const sent: unknown[] = [];
    provider.answers.token = ({ form }) => {
      sent.push(form["refresh_token"]);
      if (isSlow) provider.clock.advance((callTimeoutMs - rest) / 1000);
      const tokens = provider.tokens({}, { header: { alg: "HS256", kid: undefined }, key });
      return { body: { ...tokens, refresh_token: `refresh ${sent.length}` } };
    };
    let isSlow = false;
    let asked = 0;
    const verifying = gate();
    const app = withAuth({
      clientSecret: async () => {
        if (!isSlow || (asked += 1) < 2) return clientSecret;
        verifying.open();
        return never;
      },
      clientMetadata: { id_token_signed_response_alg: "HS256" },
    });
    const { account } = await redeem(app);
    if (!account) throw new Error("nobody has signed in");
    const refresh = () => app.acquireTokenSilent({ account, scopes: ["api:read"], forceRefresh: true });
    isSlow = true;
    await endsOutOfTime(rest, refresh, verifying.opened);
    isSlow = false;
    provider.clock.advance(60);
    await refresh();
    expect(sent).toEqual([undefined, "refresh 1", "refresh 2"]);
  });
});

describe("a managed identity that proves an app", () => {
  it.each([["the time of its call is over"], ["its caller leaves"]])("is left when %s", async (reason) => {
    const restore = setEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: metadata.origin });
    const [arrived, left] = [gate(), gate()];
    metadata.respond = () => {
      arrived.open();
      return never;
    };
    metadata.onLeave = left.open;
    try {
      const app = withAuth({ clientAssertion: managedIdentityAssertion({ audience: "api://exchange" }) });
      if (reason.startsWith("the time")) {
        slowDiscovery();
        await endsOutOfTime(rest, () => token(app), arrived.opened);
      } else {
        const controller = new AbortController();
        const call = expect(token(app, { signal: controller.signal })).rejects.toMatchObject({
          errorCode: "request_aborted",
        });
        await arrived.opened;
        controller.abort();
        await call;
      }
      await left.opened;
    } finally {
      restore();
    }
  });
});

const unused: INetworkModule = { sendGetRequestAsync: () => never, sendPostRequestAsync: () => never };

describe("the endpoint of a region", () => {
  it("has half of the time, and the global one the rest", async () => {
    const hosts: string[] = [];
    const networkClient: INetworkModule = {
      sendGetRequestAsync: () => never,
      sendPostRequestAsync: (url) => {
        hosts.push(new URL(url).host);
        return never;
      },
    };
    const app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority: "https://login.microsoftonline.com/organization.example" },
      system: { callTimeoutMs: 200, retries: 0, networkClient },
    });
    const request = { scopes: ["https://graph.microsoft.com/.default"], azureRegion: "westus2" };
    await expect(app.acquireTokenByClientCredential(request)).rejects.toMatchObject({
      errorCode: "network_error",
      // Not more than half of 200.
      message: expect.stringMatching(/within (?:100|\d{1,2}) ms/),
    });
    expect(hosts).toEqual(["westus2.login.microsoft.com", "login.microsoftonline.com"]);
  });

  it("is not blamed for an assertion that never comes", async () => {
    let asked = 0;
    const app = new ConfidentialClientApplication({
      auth: {
        clientId,
        authority: "https://login.microsoftonline.com/organization.example",
        clientAssertion: () => {
          asked += 1;
          return never;
        },
      },
      system: { callTimeoutMs: 200, retries: 0, networkClient: unused },
    });
    const request = { scopes: ["https://graph.microsoft.com/.default"], azureRegion: "westus2" };
    await expect(app.acquireTokenByClientCredential(request)).rejects.toMatchObject({
      message: expect.stringContaining("Timed out waiting for the credential of the client"),
    });
    expect(asked).toBe(1);
  });
});

describe("createAuthenticatedFetch", () => {
  it("ends with the signal of its request while it acquires the token that a challenge wants", async () => {
    const app = provider.confidential({ system });
    const arrived = gate();
    const left = gate();
    const fetch = createAuthenticatedFetch(app, { scopes: ["api:read"] });
    const claims = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString("base64url");
    provider.answers.api = () => ({
      status: 401,
      headers: { "www-authenticate": `Bearer error="insufficient_claims", claims="${claims}"` },
    });
    const { token: answer } = provider.answers;
    provider.answers.token = async (request) => {
      if (request.form["claims"] === undefined) return answer(request);
      void request.ended.then(left.open);
      arrived.open();
      return never;
    };
    const controller = new AbortController();
    const call = expect(fetch(`${provider.url}/api`, { signal: controller.signal })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    await arrived.opened;
    controller.abort();
    await call;
    await left.opened;
  });
});
