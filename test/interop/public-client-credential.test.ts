// Programs give a public client a credential that it cannot keep: it is not sent, it is not read, and the log says so.
// proves: node/src/public-client-application.ts
import * as peer from "@azure/msal-node";
import { describe, expect, it } from "@jest/globals";
import * as tessera from "@tessera/node";

const secret = "a-secret-in-an-app";
const authority = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
const clientId = "b4a4a4a4-0000-4000-8000-0000000000a1";
const thumbprint = "0".repeat(40);

/** What programs configure, and the fields that are ignored. */
const GIVEN: Readonly<Record<string, readonly [object, readonly string[]]>> = {
  "a secret": [{ clientSecret: secret }, ["clientSecret"]],
  "an assertion": [{ clientAssertion: `${secret}.jwt` }, ["clientAssertion"]],
  "a function for an assertion": [{ clientAssertion: async () => secret }, ["clientAssertion"]],
  "a certificate that cannot be read": [
    { clientCertificate: { privateKey: secret, thumbprint } },
    ["clientCertificate"],
  ],
  "a secret and an assertion": [
    { clientSecret: secret, clientAssertion: secret },
    ["clientSecret", "clientAssertion"],
  ],
  "an empty secret": [{ clientSecret: "" }, []],
};

function world() {
  const sent: string[] = [];
  const lines: string[] = [];
  const answer = async (url: string, options?: { body?: string; headers?: object }) => {
    sent.push(`${url} ${options?.body ?? ""} ${JSON.stringify(options?.headers ?? {})}`);
    const error = { error: "invalid_grant", error_description: "no", error_codes: [70000] };
    return { status: 400, headers: {}, body: error } as never;
  };
  const networkClient = { sendGetRequestAsync: answer, sendPostRequestAsync: answer };
  const loggerOptions = {
    logLevel: peer.LogLevel.Warning as number,
    loggerCallback: (_: unknown, line: string) => void lines.push(line),
  };
  return { sent, lines, system: { networkClient, loggerOptions } as object };
}

describe("a public client with", () => {
  it.each(
    Object.entries(GIVEN).flatMap(([given, [auth]]) => [
      [given, "msal-node", auth, peer.PublicClientApplication] as const,
      [given, "Tessera", auth, tessera.PublicClientApplication] as const,
    ]),
  )("%s works in %s, and sends none of it", async (_, __, auth, Application) => {
    const { sent, system } = world();
    const app = new (Application as typeof tessera.PublicClientApplication)({
      auth: { clientId, authority, ...auth },
      system,
    });
    const requests = [
      app.acquireTokenByCode({ code: "a-code", scopes: ["User.Read"], redirectUri: "http://localhost" }),
      app.acquireTokenByRefreshToken({ refreshToken: "a-refresh-token", scopes: ["User.Read"] }),
    ];
    for (const request of requests)
      await expect(request).rejects.toMatchObject({ errorCode: "invalid_grant" });
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(sent.join("\n")).not.toMatch(
      new RegExp(`${secret}|client_assertion|client_secret|"authorization"`),
    );
  });

  it.each(Object.entries(GIVEN))(
    "%s is told so in the log, by the name of the option",
    (_, [auth, fields]) => {
      const { lines, system } = world();
      new tessera.PublicClientApplication({ auth: { clientId, authority, ...auth }, system });
      expect(lines.length).toBe(fields.length);
      for (const [at, field] of fields.entries())
        expect(lines[at]).toMatch(new RegExp(`auth\\.${field} is ignored.*ConfidentialClientApplication`));
      expect(lines.join("\n")).not.toContain(secret);
    },
  );
});
