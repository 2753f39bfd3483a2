// A function that provides the client's credential is asked for a fresh one when the server refuses it, on every grant.
// proves: core/src/credential/shared-renewals.ts, core/src/credential/certificate-source.ts,
// core/src/credential/client-authentication.ts, core/src/exchange/redeem.ts
import { ConfidentialClientApplication as Peer } from "@azure/msal-node";
import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createClient, deviceCode, type HttpClient } from "@tessera/core";
import {
  ConfidentialClientApplication,
  type AuthenticationResult,
  type CertificateContext,
  type CredentialContext,
  type ClientAssertionCallback,
  type ClientCertificate,
  type Configuration,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { decodeProtectedHeader } from "jose";
import { eventually } from "../support/eventually.js";
import { gate } from "../support/gate.js";
import { authority, clientId, drivers, requestStage, type RequestStage } from "../support/request-stage.js";

const refusal = {
  error: "invalid_client",
  error_description: "AADSTS700024: Client assertion is not within its valid time range.",
  error_codes: [700024],
};
const scopes = ["api://one/.default"];

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: object;
}

let stage: RequestStage;
/** Forms that reached the token endpoint. */
let forms: Readonly<Record<string, string>>[];
/** How many of them the server has refused. */
let refusals: number;
/** What the server says to a form; nothing: tokens. */
let answer: (form: Readonly<Record<string, string>>) => Partial<Answer> | undefined;
beforeEach(() => {
  stage = requestStage();
  forms = [];
  refusals = 0;
  answer = () => undefined;
});

/** Lets everything go on that can. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const network: INetworkModule = {
  sendGetRequestAsync: (url, options) => stage.networkClient.sendGetRequestAsync(url, options),
  sendPostRequestAsync: async (url, options) => {
    if (!/\/token(\?|$)/.test(url)) return stage.networkClient.sendPostRequestAsync(url, options);
    const form = Object.fromEntries(new URLSearchParams(options?.body));
    forms.push(form);
    const refused = answer(form);
    if (!refused) return stage.networkClient.sendPostRequestAsync(url, options);
    // Requests that overlap have all been sent before the first is answered.
    await turns();
    refusals += 1;
    return { status: 401, headers: {}, body: refusal, ...refused } as never;
  },
};

const system = {
  networkClient: network,
  clock: { now: () => Date.now(), sleep: async () => undefined },
  // A server that fails would get the request again, whatever the credential.
  retries: 0,
} satisfies Configuration["system"];
const application = (auth: Partial<NodeAuthOptions>) =>
  new ConfidentialClientApplication({ auth: { clientId, authority, ...auth }, system });

/** An assertion for every time it is asked for: `assertion-1`, `assertion-2`, … */
function numbered() {
  let count = 0;
  return jest.fn<ClientAssertionCallback>(async () => `assertion-${(count += 1)}`);
}

/** Prepares a grant, by an app with a credential, and returns the call. */
type Prepare = (auth: Partial<NodeAuthOptions>) => Promise<() => Promise<AuthenticationResult | null>>;

// Two are driven with applications of their own: backchannel authentication, whose credential is a text, and the ticket of a
// user's device, whose app has none.
const OWN_APP: readonly string[] = ["backchannel_authentication", "integrated_windows"];
const withThisApp = Object.entries(drivers).filter(([grant]) => !OWN_APP.includes(grant));
const grants = withThisApp.map(([grant, drive]): [string, Prepare] => [
  grant,
  grant === "device_code"
    ? async ({ clientAssertion = "" }) => onDevice(clientAssertion)
    : async (auth) => {
        const app = application(auth);
        const alice = await stage.signIn(app, "alice");
        forms.length = 0;
        return () => drive({ ...stage, app, alice }, {});
      },
]);

/** Public clients alone poll in the application's interface; the protocol also knows devices with a credential. */
function onDevice(assertion: string | ClientAssertionCallback): () => Promise<AuthenticationResult> {
  const http: HttpClient = {
    send: async ({ url, body = "", headers }) => {
      const sent = await network.sendPostRequestAsync<object>(url, { body, headers });
      return { status: sent.status, headers: {}, body: JSON.stringify(sent.body) };
    },
  };
  const credential = { kind: "assertion", assertion } as const;
  const client = createClient({ clientId, authority, credential, http, clock: system.clock });
  return () => deviceCode(client, { scopes, deviceCodeCallback: () => undefined });
}

describe.each(grants)("%s", (_, prepare) => {
  it("is sent once more with a fresh assertion, and with the same grant", async () => {
    const clientAssertion = numbered();
    const call = await prepare({ clientAssertion });
    clientAssertion.mockClear();
    answer = () => (forms.length === 1 ? {} : undefined);
    const result = await call();
    expect(result?.accessToken).toMatch(/^token-/);
    // An agent's own requests follow, with the token that its blueprint has got.
    const own = forms.filter(({ client_id }) => client_id === clientId);
    const [{ client_assertion: refused, ...grant } = {}, { client_assertion: fresh, ...again } = {}] = own;
    expect(own.length).toBe(2);
    expect(again).toEqual(grant);
    expect(clientAssertion.mock.calls.map(([context]) => context.refusedAssertion)).toEqual([
      undefined,
      refused,
    ]);
    expect(fresh).toBe(await clientAssertion.mock.results[1]?.value);
  });

  it("fails when the fresh assertion is refused as well, after two requests", async () => {
    const clientAssertion = numbered();
    const call = await prepare({ clientAssertion });
    clientAssertion.mockClear();
    answer = () => ({});
    await expect(call()).rejects.toMatchObject({ errorCode: "invalid_client", errorNo: 700024 });
    expect([forms.length, clientAssertion.mock.calls.length]).toEqual([2, 2]);
  });

  it("is sent once with an assertion that is a text", async () => {
    const call = await prepare({ clientAssertion: "a.b.c" });
    answer = () => ({});
    await expect(call()).rejects.toMatchObject({ errorCode: "invalid_client" });
    expect(forms.length).toBe(1);
  });
});

const own = makeCertificate({ subject: "daemon" });
const renewed = makeCertificate({ subject: "daemon" });
const options = ({ privateKeyPem: privateKey, certificatePem: publicCertificate }: typeof own) => ({
  privateKey,
  publicCertificate,
});
const ask = (app: ConfidentialClientApplication, resource = "one") =>
  app.acquireTokenByClientCredential({ scopes: [`api://${resource}/.default`] });
const jwtOf = (form: (typeof forms)[number] | undefined) => form?.["client_assertion"] ?? "";

describe("a certificate", () => {
  it("that a function provides is asked for again, and the new one signs", async () => {
    const clientCertificate = jest
      .fn<(refusal?: CertificateContext, context?: CredentialContext) => ClientCertificate>()
      .mockReturnValueOnce(options(own))
      .mockReturnValue(options(renewed));
    answer = () => (forms.length === 1 ? {} : undefined);
    await ask(application({ clientCertificate }));
    expect(clientCertificate.mock.calls.map(([refusal]) => refusal)).toEqual([
      undefined,
      { isRefused: true },
    ]);
    for (const [, context] of clientCertificate.mock.calls) expect(context?.signal?.aborted).toBe(false);
    const [first, second] = forms.map((form) => decodeProtectedHeader(jwtOf(form))["x5t#S256"]);
    expect([first, second]).toEqual([own, renewed].map(sha256));
  });

  it("that is the same again signs an assertion anew, for every later request", async () => {
    const app = application({ clientCertificate: () => options(own) });
    answer = () => (forms.length === 1 ? {} : undefined);
    await ask(app);
    await ask(app, "two");
    const [first, second, third] = forms.map(jwtOf);
    expect(second).not.toBe(first);
    expect(third).toBe(second);
  });

  it.each<[string, Partial<NodeAuthOptions>]>([
    ["certificate", { clientCertificate: options(own) }],
    ["secret", { clientSecret: "a-secret" }],
  ])("a %s that is configured is sent once", async (_, auth) => {
    answer = () => ({});
    await expect(ask(application(auth))).rejects.toMatchObject({ errorCode: "invalid_client" });
    expect(forms.length).toBe(1);
  });
});

it("the peer does not ask its function again", async () => {
  const clientAssertion = numbered();
  const app = new Peer({
    auth: { clientId, authority, clientAssertion },
    system: { networkClient: network },
  });
  answer = () => (forms.length === 1 ? {} : undefined);
  await expect(app.acquireTokenByClientCredential({ scopes })).rejects.toThrow();
  expect([forms.length, clientAssertion.mock.calls.length]).toEqual([1, 1]);
});

describe("the assertion of a request", () => {
  const fields = { userObjectId: "oid", assertion: "instance" };
  it.each<[string, (clientAssertion: string | ClientAssertionCallback) => Promise<unknown>]>([
    [
      "for the app",
      (clientAssertion) =>
        application({ clientSecret: "s" }).acquireTokenByClientCredential({ scopes, clientAssertion }),
    ],
    [
      "for a user",
      (clientAssertion) =>
        application({ clientSecret: "s" }).acquireTokenByUserFederatedIdentityCredential({
          scopes,
          clientAssertion,
          ...fields,
        }),
    ],
  ])("%s is asked for again if it is a function, and only then", async (_, call) => {
    answer = () => (forms.length === 1 ? {} : undefined);
    await call(numbered());
    expect(forms.map(jwtOf)).toEqual(["assertion-1", "assertion-2"]);
    forms.length = 0;
    await expect(call("a.b.c")).rejects.toMatchObject({ errorCode: "invalid_client" });
    expect(forms.length).toBe(1);
  });
});

describe("concurrent requests", () => {
  const resources = Array.from({ length: 20 }, (_, index) => `r${index}`);

  it("share one fresh assertion", async () => {
    const clientAssertion = jest.fn<ClientAssertionCallback>(async ({ refusedAssertion }) =>
      refusedAssertion ? "fresh" : "stale",
    );
    const app = application({ clientAssertion });
    answer = (form) => (jwtOf(form) === "stale" ? {} : undefined);
    await Promise.all(resources.map((resource) => ask(app, resource)));
    expect(forms.length).toBe(40);
    expect(clientAssertion.mock.calls.filter(([{ refusedAssertion }]) => refusedAssertion)).toHaveLength(1);
    // A later refusal is another one.
    answer = () => (forms.length === 41 ? {} : undefined);
    await ask(app, "later");
    expect(clientAssertion.mock.calls.filter(([{ refusedAssertion }]) => refusedAssertion)).toHaveLength(2);
  });

  it("that begin while the fresh assertion is fetched share it as well", async () => {
    const opened = gate();
    const clientAssertion = jest.fn<ClientAssertionCallback>(async ({ refusedAssertion }) => {
      if (!refusedAssertion) return "stale";
      await opened.opened;
      return "fresh";
    });
    const app = application({ clientAssertion });
    answer = (form) => (jwtOf(form) === "stale" ? {} : undefined);
    const first = ask(app, "first");
    await eventually(() => clientAssertion.mock.calls.length === 2);
    const late = ask(app, "late");
    await eventually(() => refusals === 2);
    await turns();
    opened.open();
    await Promise.all([first, late]);
    expect(clientAssertion.mock.calls.filter(([{ refusedAssertion }]) => refusedAssertion)).toHaveLength(1);
  });

  it("share one fresh certificate, and its assertion", async () => {
    const clientCertificate = jest.fn((context?: CertificateContext) =>
      options(context?.isRefused ? renewed : own),
    );
    const app = application({ clientCertificate });
    answer = (form) => (decodeProtectedHeader(jwtOf(form))["x5t#S256"] === sha256(own) ? {} : undefined);
    await Promise.all(resources.map((resource) => ask(app, resource)));
    expect(clientCertificate.mock.calls.filter(([context]) => context?.isRefused)).toHaveLength(1);
    expect(new Set(forms.map(jwtOf)).size).toBe(2);
  });

  it("to an OpenID Provider, which accepts each assertion once, get one each", async () => {
    const clientAssertion = numbered();
    const issuer = "https://issuer.example";
    const metadata = { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/token` };
    const app = application({
      authority: undefined,
      oidcAuthority: issuer,
      authorityMetadata: JSON.stringify({ ...metadata, jwks_uri: `${issuer}/keys` }),
      clientAssertion,
    });
    const refused = new Set(resources.map((_, index) => `assertion-${index + 1}`));
    answer = (form) =>
      refused.has(jwtOf(form)) ? {} : { status: 200, body: { access_token: "t", token_type: "Bearer" } };
    await Promise.all(resources.map((resource) => ask(app, resource)));
    expect(new Set(forms.map(jwtOf)).size).toBe(40);
  });
});

describe("the request is not sent again", () => {
  it.each<[string, Partial<Answer>]>([
    ["a pause", { headers: { "retry-after": "5" } }],
    ["another error", { body: { error: "invalid_grant" } }],
    ["a page", { status: 500, body: {} }],
  ])("when the server answers with %s", async (_, refused) => {
    const clientAssertion = numbered();
    answer = () => refused;
    await expect(ask(application({ clientAssertion }))).rejects.toThrow();
    expect([forms.length, clientAssertion.mock.calls.length]).toEqual([1, 1]);
  });

  it("when the function fails: its error arrives as it is", async () => {
    const failure = new Error("the vault is shut");
    const clientAssertion: ClientAssertionCallback = async ({ refusedAssertion }) => {
      if (refusedAssertion) throw failure;
      return "stale";
    };
    answer = () => ({});
    await expect(ask(application({ clientAssertion }))).rejects.toBe(failure);
    expect(forms.length).toBe(1);
  });

  it("when the caller has left in the meantime", async () => {
    const controller = new AbortController();
    const clientAssertion: ClientAssertionCallback = async ({ refusedAssertion }) => {
      if (refusedAssertion) controller.abort();
      return "stale";
    };
    answer = () => ({});
    const app = application({ clientAssertion });
    await expect(
      app.acquireTokenByClientCredential({ scopes, signal: controller.signal }),
    ).rejects.toMatchObject({ errorCode: "request_aborted" });
    expect(forms.length).toBe(1);
  });
});

function sha256({ thumbprintSha256Hex }: typeof own): string {
  return Buffer.from(thumbprintSha256Hex, "hex").toString("base64url");
}
