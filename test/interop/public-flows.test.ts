// Browser and device code: both libraries make the same call, and the local authority writes down what arrives.
// proves: node/src/interactive/browser-sign-in.ts, node/src/interactive/interactive.ts,
// node/src/interactive/sign-in.ts
import type * as peer from "@azure/msal-node";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { signInOnDevice } from "../support/device-sign-in.js";
import { interactiveUser } from "../support/interactive-user.js";
import { authorizeParameters, expectSame, libraryInfo, normalised, wire, type Explained } from "./compare.js";
import {
  accountOf,
  challengedClaims as claims,
  graph,
  startStage,
  type App,
  type Library,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ deviceCode: { interval: 1 } });
});
afterAll(() => stage.close());

type PublicApp = App &
  Pick<
    peer.PublicClientApplication,
    "acquireTokenInteractive" | "acquireTokenByDeviceCode" | "getAllAccounts"
  >;
const publicClient = (library: Library, over = {}): PublicApp =>
  stage.app(library, "public", over) as PublicApp;

const clientRequestId: Explained = {
  at: "token.form.client-request-id",
  peer: "a guid",
  why: "the query of the same request carries it; the peer sends it twice",
};

describe("interactive", () => {
  interface Case {
    readonly request?: Partial<peer.InteractiveRequest>;
    readonly configuration?: object;
    readonly differs?: readonly Explained[];
  }
  const nonce: Explained = {
    at: "authorize.query.nonce",
    tessera: "random",
    why: "binds the ID token to this sign-in (OpenID Connect Core §15.5.2); the peer sends none",
  };
  const cases: Readonly<Record<string, Case>> = {
    "the least": {},
    "a prompt, hints and more scopes": {
      request: {
        prompt: "login",
        loginHint: "alice@contoso.example",
        domainHint: "contoso.example",
        extraQueryParameters: { dc: "ESTS-PUB" },
      },
    },
    claims: { request: { claims } },
    capabilities: { configuration: { auth: { clientCapabilities: ["CP1"] } } },
    "a correlation id": { request: { correlationId: "11111111-2222-4333-8444-555555555555" } },
  };

  test.each(Object.entries(cases))("%s", async (_, { request, configuration, differs = [] }) => {
    const urls = new Map<string, string>();
    const { peer: theirs, tessera: ours } = await stage.both(async (library) => {
      const browser = interactiveUser({ ...stage.user, ca: stage.authority.caPem });
      const app = publicClient(library, configuration);
      const result = await app.acquireTokenInteractive({
        scopes: graph,
        openBrowser: async (url) => {
          urls.set(library.name, url);
          await browser.openBrowser(url);
        },
        ...request,
      });
      return { username: accountOf(result).username, accounts: (await app.getAllAccounts()).length, result };
    });
    expect(ours.value).toMatchObject({ username: stage.user.username, accounts: 1 });
    const seen = (name: Library["name"], requests: typeof ours.requests): object =>
      withoutRandom({ ...authorizeParameters(urls.get(name) ?? ""), ...wire(requests) });
    const [left, right] = [seen("peer", theirs.requests), seen("tessera", ours.requests)];
    expectSame(left, right, [...libraryInfo(left), nonce, ...differs]);
    expectSame(resultOf(theirs.value.result), resultOf(ours.value.result), [
      {
        at: "idTokenClaims.nonce",
        tessera: "random",
        why: "the nonce that was sent",
      },
      {
        at: "account.idTokenClaims.nonce",
        tessera: "random",
        why: "the nonce that was sent",
      },
      { at: "idToken.nonce", tessera: "random", why: "the nonce that was sent" },
      { at: "account.idToken.nonce", tessera: "random", why: "the nonce that was sent" },
    ]);
  });
});

describe("device code", () => {
  interface Case {
    readonly request?: Partial<peer.DeviceCodeRequest>;
    readonly differs?: readonly Explained[];
  }
  const entraDefaults = (path: string): readonly Explained[] =>
    ["login_hint", "signin_state", "tenant_region_sub_scope"].map((name) => ({
      at: `${path}.claims.id_token.${name}.essential`,
      tessera: false,
      why: "the same ID token claims as after any other sign-in",
    }));
  const cases: Readonly<Record<string, Case>> = {
    "the least": { differs: entraDefaults("token.form") },
    claims: { request: { claims } },
  };

  test.each(Object.entries(cases))("%s", async (_, { request, differs = [] }) => {
    const shown: Record<string, unknown> = {};
    const { peer: theirs, tessera: ours } = await stage.both(async (library) => {
      const app = publicClient(library);
      const result = await app.acquireTokenByDeviceCode({
        scopes: graph,
        ...request,
        deviceCodeCallback: (device) => {
          shown[library.name] = normalised({ ...device, userCode: "", deviceCode: "", message: "" });
          void signInOnDevice(device.verificationUri, device.userCode, {
            ...stage.user,
            ca: stage.authority.caPem,
          }).then(() => stage.advance(10));
        },
      });
      return accountOf(result).username;
    });
    expect(ours.value).toBe(theirs.value);
    expect(shown["tessera"]).toEqual(shown["peer"]);
    // The peer asks at once, when nobody can have signed in yet: the last question counts.
    const seen = (requests: typeof ours.requests): object =>
      withoutRandom(
        wire([
          ...requests.filter(({ endpoint }) => endpoint === "device-code"),
          ...requests.filter(({ endpoint }) => endpoint === "token").slice(-1),
        ]),
      );
    const [left, right] = [seen(theirs.requests), seen(ours.requests)];
    expectSame(left, right, [...libraryInfo(left), clientRequestId, ...differs]);
  });
});

/** What is random on the wire, by its name. */
function withoutRandom(value: unknown): object {
  const names = new Set([
    "nonce",
    "state",
    "code",
    "code_verifier",
    "code_challenge",
    "device_code",
    "auth_time",
  ]);
  return JSON.parse(JSON.stringify(value), (name, inner: unknown) =>
    names.has(name) ? "random" : inner,
  ) as object;
}

function resultOf(result: unknown): object {
  return withoutRandom(normalised(result));
}
