// A user who has signed in to a Windows domain gets tokens with a Kerberos ticket and without a prompt.
// proves: core/src/flows/integrated-windows-auth.ts, core/src/flows/ws-trust/ticket.ts,
// core/src/flows/ws-trust/windows-auth-error.ts, local-authority/src/federation/ticket-acceptor.ts
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Fault, KerberosTicket } from "@tessera/local-authority";
import type { ClientAuthError, IntegratedWindowsAuthRequest, TicketContext } from "@tessera/node";
import { Agent, request as send } from "undici";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { expectNoSecretIn, expectNothingKept } from "../support/nothing-kept.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const grace = "grace@partner.example";
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const ticket = base64("the ticket of grace");
const negotiate = async (): Promise<string> => ticket;
const request: IntegratedWindowsAuthRequest = { scopes, username: grace, negotiate };

/** Whose ticket it is, as the acceptor of the federation server tells. */
const tickets = new Map([
  [ticket, "grace@PARTNER.EXAMPLE"],
  [base64("a ticket of a disabled user"), "henry@partner.example"],
  [base64("a ticket of a managed user"), "alice@contoso.example"],
]);
const accepted: KerberosTicket[] = [];

let entra: Entra;
let passwordsOnly: Entra;
beforeAll(async () => {
  const tenant = {
    domain: "contoso.example",
    federation: {
      domain: "partner.example",
      users: [{ username: grace }, { username: "henry@partner.example", disabled: true }],
    },
  };
  [entra, passwordsOnly] = await Promise.all([
    startEntra({
      tenants: [tenant],
      acceptTicket: (presented) => {
        accepted.push(presented);
        return tickets.get(presented.token);
      },
    }),
    startEntra({ tenants: [tenant] }),
  ]);
});
afterEach(() => {
  entra.authority.clearRequests();
  accepted.length = 0;
});
afterAll(() => Promise.all([entra.close(), passwordsOnly.close()]));

const paths = (): readonly string[] =>
  entra.authority.requests
    .filter(({ endpoint }) => !["openid-configuration", "instance-discovery"].includes(endpoint))
    .map(({ endpoint, path }) => (endpoint === "ws-trust" ? path : endpoint));

/** The error of a call. */
async function failure(
  over: Partial<IntegratedWindowsAuthRequest>,
  app = entra.publicClient(),
): Promise<ClientAuthError> {
  const error: unknown = await app.acquireTokenByIntegratedWindowsAuth({ ...request, ...over }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("the call has succeeded");
  expectNoSecretIn(error, [ticket]);
  await expectNothingKept(app);
  return error as ClientAuthError;
}

describe("a federated user", () => {
  test("signs in with a ticket for the federation server, and stays signed in", async () => {
    const app = entra.publicClient();
    const asked = jest.fn(async (_: TicketContext) => ticket);
    const result = await app.acquireTokenByIntegratedWindowsAuth({ ...request, negotiate: asked });
    expect(accountOf(result).username).toBe(grace);
    expect(paths()).toEqual([
      "user-realm",
      "ws-trust-metadata",
      "/adfs/services/trust/13/windowstransport",
      "token",
    ]);
    const silent = await app.acquireTokenSilent({ scopes, account: accountOf(result) });
    expect(silent).toMatchObject({ fromCache: true, accessToken: result.accessToken });
    // The ticket goes to the federation server, and nowhere else.
    expect(asked.mock.calls.map(([context]) => context.service)).toEqual(["HTTP@localhost"]);
    const withTicket = entra.authority.requests.filter((sent) => JSON.stringify(sent).includes(ticket));
    expect(withTicket.map(({ endpoint, headers }) => [endpoint, headers["authorization"]])).toEqual([
      ["ws-trust", `Negotiate ${ticket}`],
    ]);
    expect(entra.authority.requests.at(-1)?.form).toMatchObject({
      grant_type: "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
      scope: expect.stringContaining("offline_access"),
    });
  });

  test("has a ticket that can be bound to the TLS connection to the federation server", async () => {
    const asked: TicketContext[] = [];
    await entra.publicClient().acquireTokenByIntegratedWindowsAuth({
      ...request,
      negotiate: async (context) => {
        asked.push(context);
        return ticket;
      },
    });
    const [binding] = asked.map(({ channelBinding }) => channelBinding && Buffer.from(channelBinding));
    expect(binding?.toString("latin1")).toMatch(/^tls-server-end-point:.{32}$/s);
    expect(binding).toEqual(accepted[0]?.channelBinding);
  });

  test("signs in by WS-Trust 2005 where the metadata offers no other", async () => {
    const body = await metadata(entra);
    const port13 = /<wsdl:port name="CustomBinding_IWSTrust13Async".*?<\/wsdl:port>/;
    expect(body).toMatch(port13);
    entra.authority.fault({ match: "ws-trust-metadata", body: body.replace(port13, "") });
    await entra.publicClient().acquireTokenByIntegratedWindowsAuth(request);
    expect(paths()).toContain("/adfs/services/trust/2005/windowstransport");
  });

  test("equal calls at once bring one ticket; another ticket is another call", async () => {
    const app = entra.publicClient();
    const results = await Promise.allSettled([
      app.acquireTokenByIntegratedWindowsAuth(request),
      app.acquireTokenByIntegratedWindowsAuth({ ...request }),
      app.acquireTokenByIntegratedWindowsAuth({
        ...request,
        negotiate: async () => base64("another ticket"),
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(accepted.map(({ token }) => token).sort()).toEqual([ticket, base64("another ticket")].sort());
  });
});

const BROKER = expect.stringContaining("broker.nativeBrokerPlugin");

describe("the error names a remedy, and the broker as the modern way, for", () => {
  const failed = "integrated_windows_authentication_failed";

  test("a managed user, whose ticket nobody asks for", async () => {
    const error = await failure({ username: "alice@contoso.example" });
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorCode: "integrated_windows_auth_not_supported_managed_user",
      errorMessage: BROKER,
    });
    expect(paths()).toEqual(["user-realm"]);
  });

  test.each<[string, string]>([
    ["AD FS", "adfs"],
    ["Azure AD B2C", "contoso.example/B2C_1_signin"],
  ])("%s as the authority", async (_, path) => {
    const error = await failure(
      {},
      entra.publicClient({ auth: { authority: `${entra.authority.url}/${path}` } }),
    );
    expect(error).toMatchObject({ name: "ClientAuthError", errorCode: failed, errorMessage: BROKER });
    expect(error.errorMessage).toContain("as the authority");
    expect(paths()).toEqual([]);
  });

  test.each<[string, () => Promise<string>, string]>([
    [
      "no ticket",
      () => Promise.reject(new Error("the user has signed out")),
      "brought no ticket for HTTP@localhost",
    ],
    ["what is not base64", async () => "Negotiate YII=", "not base64"],
    ["nothing at all", async () => "", "not base64"],
    ["NTLM", async () => base64("NTLMSSP\0\x01"), "HTTP/localhost"],
    ["NTLM within SPNEGO", async () => base64("`\x48\x06\x06+\x06\x01NTLMSSP\0\x01"), "NTLM"],
  ])("a negotiate function that brings %s", async (_, source, reason) => {
    const error = await failure({ negotiate: source });
    expect(error).toMatchObject({ name: "ClientAuthError", errorCode: failed, errorMessage: BROKER });
    expect(error.errorMessage).toContain(reason);
    expect(paths()).toEqual(["user-realm", "ws-trust-metadata"]);
    // A ticket that is there the next time is used at once.
    const app = entra.publicClient();
    await expect(app.acquireTokenByIntegratedWindowsAuth({ ...request, negotiate: source })).rejects.toThrow(
      failed,
    );
    await expect(app.acquireTokenByIntegratedWindowsAuth(request)).resolves.toMatchObject({
      fromCache: false,
    });
  });

  test("a ticket that the federation server refuses, such as one of another realm", async () => {
    const error = await failure({ negotiate: async () => base64("a ticket of another realm") });
    expect(error).toMatchObject({ errorCode: failed, errorMessage: BROKER });
    expect(error.errorMessage).toMatch(/refused the Kerberos ticket \(HTTP 401\).*HTTP\/localhost/);
    expect(paths()).not.toContain("token");
  });
});

describe("nothing is kept of", () => {
  test.each([
    ["a disabled user", "a ticket of a disabled user"],
    ["a user of another domain", "a ticket of a managed user"],
  ])("%s, whom the federation server refuses", async (_, content) => {
    const error = await failure({ negotiate: async () => base64(content) });
    expect(error).toMatchObject({
      errorCode: "federation_error",
      errorMessage: expect.stringContaining("ID3242"),
    });
  });

  test.each<[string, Fault, string]>([
    [
      "redirects",
      { match: "ws-trust", status: 307, headers: { location: "https://elsewhere.example/" }, body: "" },
      "redirects",
    ],
    ["has no assertion", { match: "ws-trust", body: "<s:Envelope xmlns:s='x'/>" }, "SAML assertion"],
    ["has no metadata", { match: "ws-trust-metadata", status: 404, body: "" }, "404"],
  ])("a federation server that %s", async (_, fault, reason) => {
    entra.authority.fault(fault);
    const error = await failure({});
    expect(error).toMatchObject({
      errorCode: "federation_error",
      errorMessage: expect.stringContaining(reason),
    });
    expect(paths()).not.toContain("token");
  });

  test("a federation server that takes no tickets", async () => {
    const error = await failure({}, passwordsOnly.publicClient());
    expect(error).toMatchObject({ errorCode: "federation_error" });
    expect(error.errorMessage).toContain("can enable /adfs/services/trust/13/windowstransport");
  });

  test("a realm that does not say where the user signs in", async () => {
    entra.authority.fault({ match: "user-realm", body: '{"account_type":"Unknown"}' });
    const error = await failure({});
    expect(error.errorCode).toBe("user_realm_discovery_failed");
    expect(error.errorMessage).toContain("The ticket was not sent");
  });
});

test.each<[string, Partial<IntegratedWindowsAuthRequest>, string]>([
  ["no username with a negotiate function", { username: undefined }, "missing_user_identifier"],
  ["an empty username", { username: "" }, "invalid_option"],
  ["a negotiate that is no function", { negotiate: "a ticket" as never }, "invalid_option"],
])("%s is refused before anything is sent", async (_, over, errorCode) => {
  expect(await failure(over)).toMatchObject({ errorCode });
  expect(entra.authority.requests).toEqual([]);
});

test("a caller who leaves does not wait for a ticket", async () => {
  const leaving = new AbortController();
  const error = await failure({
    signal: leaving.signal,
    negotiate: () => {
      leaving.abort();
      return new Promise(() => undefined);
    },
  });
  expect(error.errorCode).toBe("request_aborted");
});

test("the federation server asks for a ticket where there is none, and one that takes none has no such endpoint", async () => {
  const statuses = [entra, passwordsOnly].map(async ({ authority }) => {
    const dispatcher = new Agent({ connect: { ca: authority.caPem }, pipelining: 0 });
    const url = `${authority.url}/adfs/services/trust/13/windowstransport`;
    const response = await send(url, { method: "POST", dispatcher });
    await response.body.text();
    return [response.statusCode, response.headers["www-authenticate"]];
  });
  expect(await Promise.all(statuses)).toEqual([
    [401, "Negotiate"],
    [404, undefined],
  ]);
});

async function metadata(of: Entra): Promise<string> {
  const dispatcher = new Agent({ connect: { ca: of.authority.caPem }, pipelining: 0 });
  const response = await send(`${of.authority.url}/adfs/services/trust/mex`, { dispatcher });
  return response.body.text();
}
