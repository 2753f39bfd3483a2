// The grants that an answer made by hand is enough for: what is sent, and what comes back.
// proves: core/src/exchange/grant.ts, core/src/exchange/exchange.ts
import type * as peer from "@azure/msal-node";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { expectSame, libraryInfo, normalised, wire, type Explained } from "./compare.js";
import { answerNext, userAnswer } from "./crafted-answers.js";
import {
  appScopes,
  graph,
  startStage,
  type App,
  type AppKind,
  type PartialConfiguration,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

type AnyApp = App &
  Pick<peer.PublicClientApplication, "acquireTokenByUsernamePassword"> &
  Pick<
    peer.ConfidentialClientApplication,
    | "acquireTokenByClientCredential"
    | "acquireTokenOnBehalfOf"
    | "acquireTokenByUserFederatedIdentityCredential"
  >;

interface Case {
  readonly kind?: AppKind;
  readonly configuration?: PartialConfiguration;
  readonly run: (app: AnyApp) => Promise<unknown>;
  readonly differs?: readonly Explained[];
}

const web = "c0c0c0c0-0000-4000-8000-0000000000a1";
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const correlationId = "b4a4a4a4-0000-4000-8000-000000000001";
const claims = JSON.stringify({ access_token: { nbf: { essential: true } } });

/** The next answer of the token endpoint: a user's tokens, or an app's. */
const userTokens = (clientId = web) => {
  answerNext(stage.authority, userAnswer(stage.authority, clientId));
};
const appTokens = () => {
  const app = { id_token: undefined, refresh_token: undefined, client_info: undefined, scope: undefined };
  answerNext(stage.authority, userAnswer(stage.authority, web, app));
};
const onBehalf = (app: AnyApp, over: Partial<peer.OnBehalfOfRequest> = {}) =>
  app.acquireTokenOnBehalfOf({ oboAssertion: "assertion", scopes: graph, correlationId, ...over });
const asApp = (app: AnyApp, over: peer.ClientCredentialRequest = {}) => {
  appTokens();
  return app.acquireTokenByClientCredential({ scopes: appScopes, correlationId, ...over });
};
const withoutSecret = (auth: Partial<peer.NodeAuthOptions>) => ({
  auth: { clientSecret: undefined, ...auth },
});

const everywhere: readonly Explained[] = [
  {
    at: "result.requestId",
    peer: "",
    tessera: "a guid",
    why: "the answer has an x-ms-request-id; the peer looks at it for codes and refresh tokens only",
  },
  {
    at: "wire.token.form.client-request-id",
    peer: "a guid",
    why: "the query of the same request carries it; the peer sends it twice",
  },
];
const idTokenClaims = (side: "peer" | "tessera", why: string): readonly Explained[] =>
  ["login_hint", "signin_state", "tenant_region_sub_scope"].map((name) => ({
    at: `wire.token.form.claims.id_token.${name}.essential`,
    [side]: false,
    why,
  }));
const asked = idTokenClaims("tessera", "every user gets the same claims in the ID token, whatever the grant");
const notAsked = idTokenClaims("peer", "no sign-in of this app: there is nothing to ask of the ID token");
const telemetry = (outcome: number): readonly Explained[] =>
  Object.entries({ current: `5|772,${outcome},,,|,`, last: "5|0|||0,0" }).map(([name, tessera]) => ({
    at: `wire.token.form.x-client-${name}-telemetry`,
    tessera,
    why: "the peer reports nothing in this flow",
  }));
const realm = {
  method: "GET",
  path: "/common/userrealm/u%40contoso.example",
  "query.api-version": "1.0",
  form: {},
  headers: {},
};

it.each(
  Object.entries<Case>({
    "on behalf of a user": {
      run: (app) => {
        userTokens();
        return onBehalf(app);
      },
      differs: telemetry(2),
    },
    "on behalf of a user, with claims": {
      run: (app) => {
        userTokens();
        return onBehalf(app, { claims });
      },
      differs: [...telemetry(1), ...notAsked],
    },
    "a federated identity credential of a user": {
      run: (app) => {
        userTokens();
        const request = { assertion: "a", username: "u@x", scopes: graph, correlationId };
        return app.acquireTokenByUserFederatedIdentityCredential(request);
      },
      differs: asked,
    },
    "a password": {
      kind: "public",
      run: (app) => {
        userTokens(desktop);

        return app.acquireTokenByUsernamePassword({
          username: "u@contoso.example",
          password: "p w",
          scopes: graph,
          correlationId,
        });
      },
      differs: [
        ...asked,
        ...Object.entries(realm).map(([field, tessera]) => ({
          at: `wire.user-realm.${field}`,
          tessera,
          why: "asks first whether the user's passwords are kept elsewhere (AD FS), where the peer would fail",
        })),
      ],
    },
    "a client assertion": { configuration: withoutSecret({ clientAssertion: "signed" }), run: asApp },
    "a client assertion from a function": {
      configuration: withoutSecret({
        clientAssertion: async ({ clientId, tokenEndpoint }) => `${clientId} ${tokenEndpoint}`,
      }),
      run: asApp,
    },
    "a path of a managed identity": { run: (app) => asApp(app, { fmiPath: "a/b" }) },
    "claims of the client": { run: (app) => asApp(app, { claimsFromClient: claims }), differs: notAsked },
  }),
)(
  "%s: request and result are the same",
  async (_, { kind = "confidential", configuration, run, differs = [] }) => {
    const both = await stage.both(async (library) => run(stage.app(library, kind, configuration) as AnyApp));
    const [theirs, ours] = [both.peer, both.tessera].map(({ value, requests }) => ({
      result: normalised(value),
      wire: wire(requests),
    }));
    expectSame(theirs, ours, [...everywhere, ...differs, ...libraryInfo(theirs)]);
  },
);

it("a token on behalf of a user comes from the cache with its user; the peer forgets the user", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "confidential") as AnyApp;
    userTokens();
    return [await onBehalf(app), await onBehalf(app)];
  });
  const [first, again] = tessera.value;
  expect(again).toMatchObject({ fromCache: true, account: first?.account, idToken: first?.idToken });
  expect(peer.value[1]).toMatchObject({ fromCache: true, account: null, idToken: "" });
});
