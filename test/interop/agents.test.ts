// An agent's tokens in one call, beside the peer, which does the legs by hand with an application for each: the same requests,
// leg by leg, the same results, entries of the same form, and the same refusals.
// proves: core/src/flows/agent.ts, core/src/flows/agent-identity.ts
import type * as peer from "@azure/msal-node";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { fmiSubject } from "@tessera/local-authority";
import type { AgentTokenRequest, ConfidentialClientApplication } from "@tessera/node";
import { expectSame, libraryInfo, normalised, wire, type Explained } from "./compare.js";
import { appScopes, graph, startStage, type Library, type Stage } from "./stage.js";

const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const stranger = "c0c0c0c0-0000-4000-8000-0000000000aa";
const aliceId = "c0c0c0c0-0000-4000-8000-0000000000b1";
const username = "alice@contoso.example";
const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";
const exchange = ["api://AzureADTokenExchange/.default"];

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: agentId,
            name: "Agent",
            federatedCredentials: [{ subject: fmiSubject(tenantId, blueprintId, agentId) }],
          },
          {
            clientId: stranger,
            name: "Agent of another blueprint",
            federatedCredentials: [{ subject: fmiSubject(tenantId, agentId, stranger) }],
          },
        ],
      },
    ],
  });
});
afterAll(() => stage.close());

type PeerApp = Pick<
  peer.ConfidentialClientApplication,
  "acquireTokenByClientCredential" | "acquireTokenByUserFederatedIdentityCredential" | "getTokenCache"
>;
type Asked = Pick<AgentTokenRequest, "agentId" | "scopes" | "user" | "claims">;

/** What the peer's samples do. */
async function byHand(library: Library, { agentId: id, scopes, user, claims }: Asked, auth: object) {
  const blueprint = stage.app(library, "confidential", {
    auth: { clientId: blueprintId, ...auth },
  }) as unknown as PeerApp;
  const common = { correlationId };
  const first = await blueprint.acquireTokenByClientCredential({ scopes: exchange, fmiPath: id, ...common });
  const clientAssertion = first?.accessToken ?? "";
  const own = { clientId: id, clientSecret: undefined, clientAssertion };
  const agent = stage.app(library, "confidential", { auth: own }) as unknown as PeerApp;
  const more = { ...common, ...(claims ? { claims } : {}) };
  if (!user) {
    const result = await agent.acquireTokenByClientCredential({ scopes: [...scopes], ...more });
    return { result, caches: [blueprint, agent] };
  }
  const second = await agent.acquireTokenByClientCredential({ scopes: exchange, ...common });
  const { objectId, username: name } = user;
  const who = objectId === undefined ? { username: name } : { userObjectId: objectId };
  const request = { scopes: [...scopes], assertion: second?.accessToken ?? "", ...who, ...more };
  const result = await agent.acquireTokenByUserFederatedIdentityCredential(request);
  return { result, caches: [blueprint, agent] };
}

async function inOneCall(library: Library, request: Asked, auth: object) {
  const app = stage.app(library, "confidential", { auth: { clientId: blueprintId, ...auth } });
  const tessera = app as unknown as ConfidentialClientApplication;
  const result = await tessera.acquireTokenForAgent({ ...request, correlationId });
  return { result, caches: [app as unknown as PeerApp] };
}

const run = (library: Library, request: Asked, auth: object) =>
  library.name === "peer" ? byHand(library, request, auth) : inOneCall(library, request, auth);

const secret = { clientSecret: "contoso-daemon-secret" };
const assertion = { clientSecret: undefined, clientAssertion: async () => "" };
const claims = JSON.stringify({ access_token: { nbf: { essential: true } } });
const sentTwice = (count: number): readonly Explained[] =>
  ["token", "token#2", "token#3"].slice(0, count).map((request) => ({
    at: `${request}.form.client-request-id`,
    peer: "a guid",
    why: "the query of the same request carries it; the peer sends it twice",
  }));
const idTokenClaims = ["login_hint", "signin_state", "tenant_region_sub_scope"].map((name) => ({
  at: `token#3.form.claims.id_token.${name}.essential`,
  tessera: false,
  why: "every user gets the same claims in the ID token, whatever the grant",
}));
const looked = (outcome: number): Explained => ({
  at: "token#3.form.x-client-current-telemetry",
  peer: "5|774,0,,,|,",
  tessera: `5|774,${outcome},,,|,`,
  why: "the cache is searched first; the peer always asks",
});

it.each<[string, Asked, readonly Explained[]]>([
  ["as itself", { agentId, scopes: appScopes }, sentTwice(2)],
  [
    "as a user, by name",
    { agentId, scopes: graph, user: { username } },
    [...sentTwice(3), ...idTokenClaims, looked(2)],
  ],
  [
    "as a user, by object id",
    { agentId, scopes: graph, user: { objectId: aliceId } },
    [...sentTwice(3), ...idTokenClaims, looked(2)],
  ],
  [
    "as a user, with a claims challenge",
    { agentId, scopes: graph, user: { username }, claims },
    [...sentTwice(3), looked(1)],
  ],
])("%s: the same requests, results and entries", async (_, request, differs) => {
  const both = await stage.both((library) => run(library, request, secret));
  const [theirs, ours] = [both.peer, both.tessera].map(({ requests }) =>
    // Each application discovers the authority for itself.
    wire(requests.filter(({ endpoint }) => endpoint === "token")),
  );
  expectSame(theirs, ours, [...differs, ...libraryInfo(theirs)]);
  const [left, right] = [both.peer, both.tessera].map(({ value }) => comparable(value.result));
  expectSame(left, right);
  const [before, after] = [both.peer, both.tessera].map(({ value }) => entriesOf(value.caches));
  expectSame(before, after, request.user ? ofUsers : []);
});

const key = `${aliceId}.${tenantId}-localhost-`;
const kept =
  "no refresh token of an agent's user is kept: the next token is asked for by the name in the request";
const ofUsers: readonly Explained[] = [
  {
    at: `Account.${key}${tenantId}.agents_only`,
    tessera: true,
    why: "the user is no account of the blueprint",
  },
  { at: "RefreshToken", tessera: {}, why: kept },
  ...Object.entries({
    client_id: agentId,
    credential_type: "RefreshToken",
    environment: "localhost",
    home_account_id: `${aliceId}.${tenantId}`,
    secret: "an opaque token",
  }).map(([field, peers]) => ({
    at: `RefreshToken.${key}refreshtoken-${agentId}---.${field}`,
    peer: peers,
    why: kept,
  })),
];

/** Without what differs for reasons that are told above or in other comparisons. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(normalised(value), (name, inner: unknown) => {
    if (name === "requestId" || name === "login_hint" || name === "loginHint") return undefined;
    return name === "tenantProfiles" && Array.isArray(inner)
      ? inner.map((profile) => JSON.parse(String(profile)) as unknown)
      : inner;
  });
  return JSON.parse(text);
}

/** The entries of the blueprint's application and of the agent's, if that is another one. */
function entriesOf(caches: readonly PeerApp[]): unknown {
  const documents = caches.map(
    (app) => JSON.parse(app.getTokenCache().serialize()) as Record<string, Record<string, object>>,
  );
  const sections = Object.keys(documents[0] ?? {});
  return comparable(
    Object.fromEntries(
      sections.map((section) => [
        section,
        Object.assign({}, ...documents.map((document) => document[section])),
      ]),
    ),
  );
}

it.each<[string, Asked, object, string, object]>([
  [
    "a wrong secret",
    { agentId, scopes: appScopes },
    { clientSecret: "wrong" },
    "blueprint",
    { errorNo: 7000215 },
  ],
  [
    "an assertion that is none",
    { agentId, scopes: appScopes },
    assertion,
    "",
    { errorCode: "invalid_assertion" },
  ],
  [
    "the agent of another blueprint",
    { agentId: stranger, scopes: appScopes },
    secret,
    "agent",
    { errorNo: 700213 },
  ],
  [
    "a user who is unknown",
    { agentId, scopes: graph, user: { username: "nobody@contoso.example" } },
    secret,
    "user",
    { errorNo: 50034 },
  ],
])("%s: the same error, which also says the leg", async (_, request, auth, leg, expected) => {
  const errors = await Promise.all(
    [stage.peer, stage.tessera].map((library) =>
      run(library, request, auth).catch((error: unknown) => error as Record<string, unknown>),
    ),
  );
  const [theirs, ours] = errors as Record<string, unknown>[];
  for (const field of ["name", "errorCode", "subError", "errorNo"])
    if (field !== "name" || leg !== "")
      expect({ [field]: ours?.[field] }).toEqual({ [field]: theirs?.[field] });
  expect(ours).toMatchObject(expected);
  expect(ours?.["agentLeg"]).toBe(leg || undefined);
});
