// The servers of the examples in docstrings.
import { fmiSubject } from "@tessera/local-authority";
import type { ConfidentialClientApplication, PublicClientApplication } from "@tessera/node";
import type { ExampleScope } from "./example-scope.js";
import { prepareSurroundings } from "./example-surroundings.js";
import {
  agentId,
  alice,
  blueprint,
  KERBEROS_TICKET,
  valuesOf,
  webId,
  type Values,
} from "./example-values.js";
import { startEntra, type Entra } from "./entra.js";
import { startFakeProvider } from "./fake-provider.js";
import { signInWithCode } from "./sign-in-with-code.js";

/** The local authority, and everything that examples find around them. */
export interface ExampleStage {
  /** A new scope with the values of some of its names. */
  scope(names: readonly string[]): Promise<ExampleScope>;
  close(): Promise<void>;
}

/** Starts the local authority over plain HTTP: an example's own application need not trust a certificate. */
export async function startExampleStage(): Promise<ExampleStage> {
  const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
  const entra = await startEntra({
    http: true,
    acceptTicket: ({ token }) => (token === KERBEROS_TICKET ? "grace@corp.contoso.example" : undefined),
    tenants: [
      {
        domain: "contoso.example",
        federation: { domain: "corp.contoso.example" },
        apps: [
          {
            clientId: agentId,
            name: "Agent",
            // Of the blueprint that `agent` has, and of `app`.
            federatedCredentials: [blueprint.clientId, webId].map((id) => ({
              subject: fmiSubject(tenantId, id, agentId),
            })),
          },
        ],
      },
    ],
  });
  const openId = await startFakeProvider();
  openId.answers.discovery = () => ({
    body: openId.metadata({
      backchannel_authentication_endpoint: `${openId.url}/backchannel`,
      registration_endpoint: `${openId.url}/register`,
    }),
  });
  openId.answers.backchannel = () => ({ body: { auth_req_id: "a-request", expires_in: 60 } });
  openId.answers.registration = () => ({ body: { client_id: "registered", client_secret: "a-secret" } });
  const restore = await prepareSurroundings();
  const signedIn = {
    confidential: await signedInCache(entra, entra.confidential()),
    public: await signedInCache(entra, entra.publicClient()),
  };
  return {
    scope: async (names) => {
      const clock = { now: () => openId.clock.now(), sleep: async () => undefined };
      const openIdApp = (): ConfidentialClientApplication => openId.confidential({ system: { clock } });
      const values: Values = {
        ...valuesOf(entra, signedIn),
        openIdApp,
        issuer: () => openId.url,
        resource: () => `${openId.url}/api`,
        registration: () => ({
          issuer: openId.url,
          clientId: "registered",
          clientSecret: "a-secret",
          registrationAccessToken: "a-token",
          registrationClientUri: `${openId.url}/register`,
          metadata: {},
        }),
      };
      const entries = Object.entries(values)
        .filter(([name]) => names.includes(name))
        .map(async ([name, make]) => [name, await make()] as const);
      return Object.fromEntries(await Promise.all(entries)) as unknown as ExampleScope;
    },
    close: async () => {
      await restore();
      await openId.close();
      await entra.close();
    },
  };
}

async function signedInCache(
  entra: Entra,
  app: ConfidentialClientApplication | PublicClientApplication,
): Promise<string> {
  await signInWithCode(entra, app, ["User.Read"], alice.username);
  return app.getTokenCache().serialize();
}
