// The operating system's Kerberos tickets sign a user in: a KDC of MIT's issues them, GSSAPI brings them by koffi, and
// python3-gssapi reads them at the federation server.
// proves: node/src/windows-auth/gssapi.ts, node/src/windows-auth/load-koffi.ts, node/src/windows-auth/system-tickets.ts
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { AuthError, AuthenticationResult, IntegratedWindowsAuthRequest } from "@tessera/node";
import koffi from "koffi";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import {
  kerberosIsAvailable,
  startKerberos,
  type KerberosRealm,
  type TicketAcceptor,
} from "../support/kerberos.js";
import { describeWith } from "../support/real-part.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const grace = "grace@partner.example";

describeWith("krb5-kdc, krb5-user and python3-gssapi", kerberosIsAvailable, () => {
  let realm: KerberosRealm;
  let elsewhere: KerberosRealm;
  let acceptor: TicketAcceptor;
  let entra: Entra;
  /** What the federation server tells the acceptor about the connection. */
  let boundTo = (binding: Uint8Array | undefined): Uint8Array | undefined => binding;
  beforeAll(async () => {
    [realm, elsewhere] = await Promise.all([
      startKerberos("PARTNER.EXAMPLE", { grace: "grace-password", henry: "henry-password" }, [
        "HTTP/localhost",
      ]),
      startKerberos("ELSEWHERE", { grace: "grace-password" }, ["HTTP/another-host"]),
    ]);
    acceptor = await realm.acceptor("HTTP/localhost");
    entra = await startEntra({
      tenants: [
        {
          domain: "contoso.example",
          federation: { domain: "partner.example", users: [{ username: grace }] },
        },
      ],
      acceptTicket: ({ token, channelBinding }) => {
        const binding = boundTo(channelBinding);
        return acceptor.accept({ token, ...(binding && { channelBinding: binding }) });
      },
    });
  });
  afterEach(() => {
    boundTo = (binding) => binding;
    entra.authority.clearRequests();
  });
  afterAll(() => Promise.all([entra.close(), realm.close(), elsewhere.close()]));

  /** Signs in with the tickets of an environment, which GSSAPI reads from that of the process. */
  async function signIn(
    env: Readonly<Record<string, string>>,
    over: Partial<IntegratedWindowsAuthRequest> = {},
  ): Promise<AuthenticationResult> {
    for (const [name, value] of Object.entries(env)) setenv(name, value);
    return entra.publicClient().acquireTokenByIntegratedWindowsAuth({ scopes, ...over });
  }
  const failure = (...parameters: Parameters<typeof signIn>): Promise<AuthError> =>
    signIn(...parameters).then(
      () => Promise.reject(new Error("the call has succeeded")),
      (reason: AuthError) => reason,
    );

  test("the user of the ticket is signed in, without being named", async () => {
    const result = await signIn(realm.signIn("grace", "grace-password"));
    expect(accountOf(result).username).toBe(grace);
    const realmRequest = entra.authority.requests.find(({ endpoint }) => endpoint === "user-realm");
    expect(realmRequest?.path).toBe("/common/userrealm/grace%40partner.example");
    // The ticket is bound to the TLS connection, as the acceptor has checked.
    expect(acceptor.refusals).toEqual([]);
  });

  test("a ticket that is bound to another connection is refused", async () => {
    boundTo = () => Buffer.from("tls-server-end-point:of-somebody-in-between");
    const error = await failure(realm.signIn("grace", "grace-password"));
    expect(error.errorCode).toBe("integrated_windows_authentication_failed");
    expect(error.errorMessage).toContain("HTTP 401");
    expect(acceptor.refusals.splice(0)).toEqual([expect.stringMatching(/channel bindings/i)]);
  });

  test("a user whom the domain knows, and Entra does not, gets the federation server's refusal", async () => {
    const error = await failure(realm.signIn("henry", "henry-password"));
    expect(error.errorCode).toBe("federation_error");
  });

  test("without a ticket, the error says where tickets are looked for, and how to get one", async () => {
    const error = await failure(realm.env);
    expect(error).toMatchObject({
      name: "ClientAuthError",
      errorCode: "integrated_windows_authentication_failed",
    });
    expect(error.errorMessage).toMatch(/no Kerberos ticket .*FILE:.*kinit.*broker\.nativeBrokerPlugin/);
    expect(entra.authority.requests.filter(({ endpoint }) => endpoint === "user-realm")).toEqual([]);
  });

  test("with the ticket of a realm that does not know the federation server, the error says so", async () => {
    const error = await failure(elsewhere.signIn("grace", "grace-password"), { username: grace });
    expect(error.errorCode).toBe("integrated_windows_authentication_failed");
    expect(error.errorMessage).toMatch(
      /HTTP@localhost \(.*(not found|unknown).*domain_realm.*HTTP\/localhost/i,
    );
  });

  test("a principal that is no user principal name does not stand for a user", async () => {
    const error = await failure(elsewhere.signIn("grace", "grace-password"));
    expect(error).toMatchObject({
      errorCode: "missing_user_identifier",
      errorMessage: expect.stringContaining("username"),
    });
  });
});

/** Jest's `process.env` is a copy, which C does not see. */
function setenv(name: string, value: string): void {
  koffi.load(null).func("int setenv(const char *name, const char *value, int overwrite)")(name, value, 1);
}
