// What a confidential client puts on the wire, request by request, beside the peer: every credential, every flow it owns.
// proves: core/src/credential/client-credential.ts, core/src/dialect/entra-telemetry.ts,
// core/src/exchange/redeem.ts
import type * as peer from "@azure/msal-node";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { fmiSubject, type RecordedRequest } from "@tessera/local-authority";
import { ConfidentialClientApplication, PublicClientApplication, type NodeAuthOptions } from "@tessera/node";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { signIn } from "../support/sign-in.js";
import { expectSame, libraryInfo, wire, type Explained } from "./compare.js";
import { graph, redirectUri, startStage, type Stage } from "./stage.js";

const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const blueprintId = "c0c0c0c0-0000-4000-8000-0000000000a4";
const agentId = "c0c0c0c0-0000-4000-8000-0000000000a9";
const exchange = ["api://AzureADTokenExchange/.default"];
const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";
const claims = JSON.stringify({ access_token: { nbf: { essential: true } } });
const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const own = makeCertificate({ subject: "app.contoso.example", issuer: ca });
const {
  privateKeyPem: privateKey,
  thumbprintSha256Hex: thumbprintSha256,
  thumbprintSha1Hex: thumbprint,
} = own;
const x5c = own.certificatePem + ca.certificatePem;

let stage: Stage;
/** A user's token for the API, the agent's proof, and the agent's own token. */
const given = { userToken: "", agentProof: "", agentToken: "" };

beforeAll(async () => {
  const federatedCredentials = [{ subject: fmiSubject(tenantId, blueprintId, agentId) }];
  stage = await startStage({
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          {
            clientId: "orders",
            identifierUri: "api://orders",
            clientSecret: "s",
            certificates: [own.certificatePem],
          },
          { clientId: agentId, name: "Agent", federatedCredentials },
        ],
      },
    ],
  });
  const { authority, user } = stage;
  const auth = { authority: authority.authorityUrl() };
  const system = { ca: authority.caPem };
  const desktop = new PublicClientApplication({
    auth: { ...auth, clientId: "c0c0c0c0-0000-4000-8000-0000000000a2" },
    system,
  });
  const flow = await desktop.initiateAuthCodeFlow({ scopes: ["api://orders/access"], redirectUri });
  const answer = await signIn(flow.authUrl, { ...user, ca: authority.caPem });
  const signedIn = await desktop.acquireTokenByAuthCodeFlow(flow, Object.fromEntries(answer.searchParams));
  given.userToken = signedIn.accessToken;
  const app = (more: Pick<NodeAuthOptions, "clientId" | "clientSecret" | "clientAssertion">) =>
    new ConfidentialClientApplication({ auth: { ...auth, ...more }, system });
  const blueprint = app({ clientId: blueprintId, clientSecret: "contoso-daemon-secret" });
  const proof = await blueprint.acquireTokenByClientCredential({ scopes: exchange, fmiPath: agentId });
  given.agentProof = proof.accessToken;
  const agent = app({ clientId: agentId, clientAssertion: given.agentProof });
  given.agentToken = (await agent.acquireTokenByClientCredential({ scopes: exchange })).accessToken;
});
afterAll(() => stage.close());

type AnyApp = Pick<
  peer.ConfidentialClientApplication,
  | "acquireTokenByClientCredential"
  | "acquireTokenOnBehalfOf"
  | "acquireTokenByUserFederatedIdentityCredential"
>;
interface Case {
  readonly auth: () => Partial<peer.NodeAuthOptions>;
  readonly run: (app: AnyApp) => Promise<unknown>;
  readonly differs?: readonly Explained[];
}

const orders = (credential: Partial<peer.NodeAuthOptions>) => () => ({
  clientId: "orders",
  clientSecret: undefined,
  ...credential,
});
const asApp =
  (over: peer.ClientCredentialRequest = {}) =>
  (app: AnyApp) =>
    app.acquireTokenByClientCredential({
      scopes: ["https://graph.microsoft.com/.default"],
      correlationId,
      ...over,
    });
const onBehalf =
  (over: Partial<peer.OnBehalfOfRequest> = {}) =>
  (app: AnyApp) =>
    app.acquireTokenOnBehalfOf({ oboAssertion: given.userToken, scopes: graph, correlationId, ...over });
const asUser = (who: { readonly username: string } | { readonly userObjectId: string }) => (app: AnyApp) =>
  app.acquireTokenByUserFederatedIdentityCredential({
    assertion: given.agentToken,
    scopes: graph,
    correlationId,
    ...who,
  });

const twice: Explained = {
  at: "token.form.client-request-id",
  peer: "a guid",
  why: "the query of the same request carries it; the peer sends it twice",
};
const telemetry = (outcome: number): readonly Explained[] =>
  Object.entries({ current: `5|772,${outcome},,,|,`, last: "5|0|||0,0" }).map(([name, tessera]) => ({
    at: `token.form.x-client-${name}-telemetry`,
    tessera,
    why: "the peer reports nothing in this flow",
  }));
const idTokenClaims = (side: "peer" | "tessera", why: string): readonly Explained[] =>
  ["login_hint", "signin_state", "tenant_region_sub_scope"].map((name) => ({
    at: `token.form.claims.id_token.${name}.essential`,
    [side]: false,
    why,
  }));
const asked = idTokenClaims("tessera", "every user gets the same claims in the ID token, whatever the grant");
const notAsked = idTokenClaims("peer", "no sign-in of this app: there is nothing to ask of the ID token");

/** The signed assertion taken apart; its id is random. */
function opened(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.map((request) => {
    const assertion = request.form["client_assertion"];
    if (assertion === undefined) return request;
    const { jti: _, ...rest } = decodeJwt(assertion);
    const parts = { header: decodeProtectedHeader(assertion), claims: JSON.stringify(rest) };
    return { ...request, form: { ...request.form, client_assertion: parts as unknown as string } };
  });
}

it.each(
  Object.entries<Case>({
    "a secret": { auth: orders({ clientSecret: "s" }), run: asApp() },
    "a SHA-256 thumbprint": {
      auth: orders({ clientCertificate: { privateKey, thumbprintSha256 } }),
      run: asApp(),
    },
    "a SHA-1 thumbprint": { auth: orders({ clientCertificate: { privateKey, thumbprint } }), run: asApp() },
    "the chain of a certificate": {
      auth: orders({ clientCertificate: { privateKey, thumbprintSha256, x5c } }),
      run: asApp(),
    },
    "a certificate, and claims with capabilities": {
      auth: orders({ clientCertificate: { privateKey, thumbprintSha256 }, clientCapabilities: ["CP1"] }),
      run: asApp({ claims }),
      differs: [
        ...notAsked,
        {
          at: "token.form.x-client-current-telemetry",
          peer: "5|771,0,,,|,",
          tessera: "5|771,1,,,|,",
          why: "claims skip the cache, which has a number of its own; the peer reports it in other flows only",
        },
      ],
    },
    "somebody else's assertion": {
      auth: () => ({ clientId: agentId, clientSecret: undefined, clientAssertion: given.agentProof }),
      run: asApp(),
    },
    "an assertion of the request": {
      auth: () => ({ clientId: agentId, clientSecret: undefined, clientAssertion: "stale" }),
      run: (app) => asApp({ clientAssertion: given.agentProof })(app),
    },
    "on behalf of a user, by secret": {
      auth: orders({ clientSecret: "s" }),
      run: onBehalf(),
      differs: telemetry(2),
    },
    "on behalf of a user, by certificate": {
      auth: orders({ clientCertificate: { privateKey, thumbprintSha256 } }),
      run: onBehalf(),
      differs: telemetry(2),
    },
    "on behalf of a user, with claims": {
      auth: orders({ clientSecret: "s" }),
      run: onBehalf({ claims }),
      differs: [...telemetry(1), ...notAsked],
    },
    "an agent as a user, by name": {
      auth: () => ({ clientId: agentId, clientSecret: undefined, clientAssertion: given.agentProof }),
      run: asUser({ username: "alice@contoso.example" }),
      differs: asked,
    },
    "an agent as a user, by object id": {
      auth: () => ({ clientId: agentId, clientSecret: undefined, clientAssertion: given.agentProof }),
      run: asUser({ userObjectId: "c0c0c0c0-0000-4000-8000-0000000000b1" }),
      differs: asked,
    },
  }),
)("%s: the requests are the same", async (_, { auth, run, differs = [] }) => {
  const both = await stage.both(async (library) =>
    run(stage.app(library, "confidential", { auth: auth() }) as unknown as AnyApp),
  );
  const [theirs, ours] = [both.peer, both.tessera].map(({ requests }) => wire(opened(requests)));
  expect(Object.keys(ours ?? {})).toContain("token");
  expectSame(theirs, ours, [twice, ...differs, ...libraryInfo(theirs)]);
});
