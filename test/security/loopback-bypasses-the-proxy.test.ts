// proves: core/src/http/private-host.ts, node/src/http/dispatchers.ts, node/src/http/undici-http-client.ts, core/src/authority/region.ts
// A proxy is handed nothing that is meant for this machine or its link: secrets for localhost, questions to the instance
// metadata service. (The peer has no proxy support to compare with.)
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { isOnOwnLink } from "../../packages/core/src/http/private-host.js";
import { createUndiciHttpClient } from "../../packages/node/src/http/undici-http-client.js";
import { startEntra, type Entra } from "../support/entra.js";
import { clientId, clientSecret, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { withoutProxyVariables } from "../support/proxy-variables.js";
import { describeWith } from "../support/real-part.js";
import { startRecordingProxy, type RecordingProxy } from "../support/recording-proxy.js";
import { hasTinyproxy, startTinyproxy, type Tinyproxy } from "../support/tinyproxy.js";

const direct = [
  ...[
    "http://localhost",
    "https://LOCALHOST",
    "https://localhost.",
    "https://a.b.localhost",
    "https://%6cocalhost",
  ],
  ...["http://127.0.0.1", "https://127.255.255.254", "https://127.1", "https://0x7f.1", "https://2130706433"],
  ...["https://0177.0.0.1", "https://①②⑦.0.0.1", "http://[::1]", "https://[0:0:0:0:0:0:0:1]"],
  ...["https://[::ffff:127.0.0.1]", "https://[::FFFF:7fff:fffe]", "https://[0:0:0:0:0:ffff:127.0.0.1]"],
  ...["http://169.254.169.254", "http://169.254.0.1", "http://0xa9fea9fe", "http://[::ffff:169.254.169.254]"],
  ...["http://[fe80::1]", "http://[FE80:0::1]", "http://[febf::1]"],
];
const proxied = [
  ...[
    "https://login.microsoftonline.com",
    "https://localhost.example",
    "https://notlocalhost",
    "https://localhost1",
  ],
  ...[
    "https://128.0.0.1",
    "https://127.example",
    "https://127.0.0.1.example",
    "https://169.254.169.254.example",
  ],
  ...["https://169.255.0.1", "https://169.25.4.1", "https://10.0.0.1", "https://[::2]", "https://[fec0::1]"],
  ...[
    "https://[fe7f::1]",
    "https://[::ffff:10.0.0.1]",
    "https://[2001:db8::7f00:1]",
    "https://[1::ffff:7f00:1]",
  ],
];

it("hosts of this machine and its link are known in every spelling, and no others", () => {
  expect(direct.filter((url) => !isOnOwnLink(new URL(url).hostname))).toEqual([]);
  expect(proxied.filter((url) => isOnOwnLink(new URL(url).hostname))).toEqual([]);
});

let restore = (): void => undefined;
beforeEach(() => {
  restore = withoutProxyVariables();
});
afterEach(() => {
  restore();
});

describe("with a proxy that would be handed everything", () => {
  let proxy: RecordingProxy;
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());
  // One for each test: connections that a test has cut may arrive later.
  beforeEach(async () => {
    proxy = await startRecordingProxy();
    provider.reset();
  });
  afterEach(() => proxy.close());

  let opened: (socket: Socket) => void;
  const note = (message: unknown): void => {
    opened((message as { readonly socket: Socket }).socket);
  };
  beforeAll(() => {
    subscribe("net.client.socket", note);
  });
  afterAll(() => {
    unsubscribe("net.client.socket", note);
  });
  beforeEach(() => {
    opened = () => undefined;
  });

  const settings: readonly (readonly [string, () => string | undefined])[] = [
    [
      "of the environment",
      () => void Object.assign(process.env, { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url }),
    ],
    [
      "of the environment, with exceptions for others",
      () =>
        void Object.assign(process.env, {
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
          NO_PROXY: "other.example",
        }),
    ],
    ["of the app (system.proxy)", () => proxy.url],
  ];

  /** The port that the first connection of a request goes to; it is cut before anything is sent. 0: the name has no address. */
  async function firstConnection(url: string, setting: string | undefined): Promise<number> {
    const client = createUndiciHttpClient({ proxy: setting });
    const reached = new Promise<number>((resolve) => {
      opened = (socket) => {
        socket.once("connectionAttempt", (_address: string, port: number) => {
          resolve(port);
          setImmediate(() => socket.destroy(new Error("seen enough")));
        });
        socket.once("error", ({ port = 0 }: { readonly port?: number }) => {
          resolve(port);
        });
      };
    });
    const limits = { timeoutMs: 1000, maxResponseBytes: 1000, signal: new AbortController().signal };
    const sent = client.send({ method: "GET", url, headers: {}, ...limits }).catch(() => undefined);
    const port = await reached;
    opened = () => undefined;
    await sent;
    return port;
  }

  describe.each(settings)("%s", (_, set) => {
    it.each(direct)("%s: the connection is a direct one", async (origin) => {
      // Node tells of http connections only; tinyproxy, below, sees https. Port 0: no resolver knows a.b.localhost here.
      expect([0, 1]).toContain(await firstConnection(`${origin.replace("https", "http")}:1/`, set()));
      expect(proxy.asked).toEqual([]);
    });

    it.each(["http://192.0.2.1", "https://login.example", "https://localhost.example"])(
      "%s: the connection is one to the proxy",
      async (origin) => {
        expect(await firstConnection(`${origin}:1/`, set())).toBe(Number(new URL(proxy.url).port));
      },
    );

    it("a secret for http://localhost reaches the provider there, and not the proxy", async () => {
      const setting = set();
      const app = new ConfidentialClientApplication({
        auth: { clientId, clientSecret, oidcAuthority: provider.url },
        system: setting === undefined ? {} : { proxy: setting },
      });
      await expect(app.acquireTokenByClientCredential({ scopes: ["api"] })).resolves.toMatchObject({
        accessToken: "an-access-token",
      });
      expect(provider.requests.find(({ path }) => path === "/token")?.form).toMatchObject({
        client_secret: clientSecret,
      });
      expect(proxy.asked).toEqual([]);
    });
  });
});

describeWith("tinyproxy", hasTinyproxy(), () => {
  let entra: Entra;
  let proxy: Tinyproxy;
  beforeAll(async () => {
    [entra, proxy] = await Promise.all([startEntra(), startTinyproxy()]);
  });
  afterAll(() => Promise.all([entra.close(), proxy.close()]));

  it.each(["HTTPS_PROXY", "system.proxy"])(
    "%s: not one request to the local authority opens a tunnel",
    async (name) => {
      if (name !== "system.proxy") process.env[name] = proxy.url;
      const app = entra.confidential({
        system: name === "system.proxy" ? { proxy: proxy.url } : {},
      });
      const result = await app.acquireTokenByClientCredential({
        scopes: ["https://graph.microsoft.com/.default"],
      });
      expect(result).toMatchObject({ fromCache: false, tokenType: "Bearer" });
      expect(await proxy.tunnels()).toEqual([]);
    },
  );
});
