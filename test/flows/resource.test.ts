// Model Context Protocol: `resource` (RFC 8707) of every request of a public client reaches the server.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { PublicClientApplication } from "@tessera/node";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { interactiveUser } from "../support/interactive-user.js";

// Entra compares the resource with the API of the scopes.
const resource = "https://mcp.contoso.example";
const other = "https://other.example";
const scopes = [`${resource}/tools`];
const alice = { username: "alice@contoso.example", password: "alice-password" };

let entra: Entra;
beforeAll(async () => {
  const apps = [
    { clientId: "web" },
    { clientId: "desktop" },
    ...[resource, other].map((identifierUri) => ({ clientId: new URL(identifierUri).host, identifierUri })),
  ];
  entra = await startEntra({ tenants: [{ domain: "contoso.example", users: [alice], apps }] });
});
afterAll(() => entra.close());

function publicClient(): PublicClientApplication {
  const sleep = async (milliseconds: number): Promise<void> => {
    entra.clock.advance(milliseconds / 1000);
    await signedIn;
  };
  const clock = { now: entra.clock.now, sleep };
  return entra.publicClient({ auth: { isMcp: true }, system: { clock } });
}
let signedIn: Promise<unknown> | undefined;

const openBrowser = (url: string): Promise<void> =>
  interactiveUser({ ...alice, ca: entra.authority.caPem }).openBrowser(url);

const sentTo = (endpoint: string): readonly (string | undefined)[] =>
  entra.authority.requests
    .filter(
      (request) =>
        request.endpoint === endpoint && request.method === (endpoint === "authorize" ? "GET" : "POST"),
    )
    .map(({ query, form }) => ({ ...query, ...form })["resource"]);

test("interactive and silent", async () => {
  const app = publicClient();
  entra.authority.clearRequests();
  const { account } = await app.acquireTokenInteractive({ scopes, resource, openBrowser });
  await app.acquireTokenSilent({
    scopes,
    resource,
    account: accountOf({ account } as never),
    forceRefresh: true,
  });
  expect(sentTo("authorize")).toEqual([resource]);
  expect(sentTo("token")).toEqual([resource, resource]);
});

test("the one call, and no token of another resource", async () => {
  const app = publicClient();
  entra.authority.clearRequests();
  const first = await app.acquireToken({ scopes, resource, openBrowser });
  const again = await app.acquireToken({ scopes, resource, openBrowser });
  const another = await app.acquireToken({ scopes: [`${other}/tools`], resource: other, openBrowser });
  expect([first, again, another].map(({ fromCache }) => fromCache)).toEqual([false, true, false]);
  expect(sentTo("token")).toEqual([resource, other]);
});

test("device code", async () => {
  entra.authority.clearRequests();
  await publicClient().acquireTokenByDeviceCode({
    scopes,
    resource,
    deviceCodeCallback: ({ verificationUri, userCode }) => {
      signedIn = signInOnDevice(verificationUri, userCode, { ...alice, ca: entra.authority.caPem });
    },
  });
  expect(sentTo("device-code")).toEqual([resource]);
  expect(sentTo("token")).toEqual([resource]);
});

test.each([
  ["acquireToken", (app: PublicClientApplication) => app.acquireToken({ scopes, openBrowser })],
  [
    "acquireTokenInteractive",
    (app: PublicClientApplication) => app.acquireTokenInteractive({ scopes, openBrowser }),
  ],
  [
    "acquireTokenByDeviceCode",
    (app: PublicClientApplication) =>
      app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => undefined }),
  ],
  [
    "acquireTokenByRefreshToken",
    (app: PublicClientApplication) => app.acquireTokenByRefreshToken({ scopes, refreshToken: "x" }),
  ],
])("%s without a resource is refused before anything is sent", async (_, call) => {
  entra.authority.clearRequests();
  await expect(call(publicClient())).rejects.toMatchObject({ errorCode: "resource_parameter_required" });
  expect(entra.authority.requests).toEqual([]);
});
