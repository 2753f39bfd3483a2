// Pairwise subjects (OpenID Connect Core §8.1): a provider calls a user by another name at each sector.
// proves: core/src/account.ts, core/src/exchange/accept-tokens.ts
import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type ClientApplication,
} from "@tessera/node";
import type { Configuration } from "oidc-provider";
import { accountOf } from "../support/entra.js";
import { scopes, signInAt } from "../support/oidc-applications.js";
import { ACCESS_TOKEN_LIFETIME, startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const clientSecret = "the-secret-of-the-client-0123456789";
const elsewhere = "http://127.0.0.1/signed-in";

let provider: OpenIdProvider;
let clock: TestClock;
beforeAll(async () => {
  provider = await startOpenIdProvider({ configure: pairwise });
});
afterAll(() => provider.close());
beforeEach(() => {
  clock = createTestClock();
});

function pairwise(usual: Configuration): Configuration {
  const client = { application_type: "native", subject_type: "pairwise" } as const;
  const grant_types = ["authorization_code", "refresh_token"];
  const [here, there] = [["http://localhost/signed-in"], [elsewhere]];
  const withoutSecret = { ...client, grant_types, token_endpoint_auth_method: "none" } as const;
  const withSecret = { ...client, grant_types, client_secret: clientSecret };
  return {
    ...usual,
    subjectTypes: ["pairwise"],
    // The sector is the host of the redirect URIs.
    pairwiseIdentifier: (_context, accountId, { sectorIdentifier }) =>
      createHash("sha256")
        .update(`${String(sectorIdentifier)} ${accountId}`)
        .digest("hex"),
    clients: [
      { ...withoutSecret, client_id: "desktop", redirect_uris: here },
      { ...withSecret, client_id: "web", redirect_uris: here },
      { ...withoutSecret, client_id: "desktop elsewhere", redirect_uris: there },
      { ...withSecret, client_id: "web elsewhere", redirect_uris: there },
    ],
  };
}

type Make = (clientId: string) => ClientApplication;
const classes: readonly [string, string, Make][] = [
  [
    "a public client",
    "desktop",
    (clientId) =>
      new PublicClientApplication({ auth: { clientId, oidcAuthority: provider.url }, system: { clock } }),
  ],
  [
    "a confidential client",
    "web",
    (clientId) =>
      new ConfidentialClientApplication({
        auth: { clientId, clientSecret, oidcAuthority: provider.url },
        system: { clock },
      }),
  ],
];

describe.each(classes)("%s", (_, name, make) => {
  it("signs a user in under the name of its sector, keeps that account, and renews for it", async () => {
    const app = make(name);
    const account = accountOf(await signInAt(provider, app));
    expect(account.homeAccountId).toMatch(/^[0-9a-f]{64}$/);
    expect(account.username).toBe("olga@example.org");
    clock.advance(ACCESS_TOKEN_LIFETIME);
    const renewed = await app.acquireTokenSilent({ scopes, account });
    expect(renewed).toMatchObject({ fromCache: false, uniqueId: account.homeAccountId });
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  it("is one user to the clients of a sector, another to those of the next, also in one cache", async () => {
    const here = make(name);
    const there = make(`${name} elsewhere`);
    const first = accountOf(await signInAt(provider, here));
    there.getTokenCache().deserialize(here.getTokenCache().serialize());
    const second = accountOf(await signInAt({ ...provider, redirectUri: elsewhere }, there));
    expect(second.homeAccountId).not.toBe(first.homeAccountId);
    const known = await there.getAllAccounts();
    expect(known.map(({ homeAccountId }) => homeAccountId)).toContain(second.homeAccountId);
    // The other client's tokens are not this client's.
    await expect(there.acquireTokenSilent({ scopes, account: first })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
  });
});

it("two clients of one sector know the user by the same name", async () => {
  const [[, desktop, publicClient], [, web, confidential]] = classes as [
    (typeof classes)[0],
    (typeof classes)[1],
  ];
  const subjects = [];
  for (const app of [publicClient(desktop), confidential(web)])
    subjects.push((await signInAt(provider, app)).uniqueId);
  expect(new Set(subjects).size).toBe(1);
});
