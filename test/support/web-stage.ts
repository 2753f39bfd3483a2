import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { Agent, request } from "undici";
import { makeCertificate } from "./certificates.js";

export const contoso = "c0c0c0c0-0000-4000-8000-000000000000";
export const client = (suffix: string) => `c0c0c0c0-0000-4000-8000-0000000000${suffix}`;
const daemon = { client_id: client("a4"), client_secret: "contoso-daemon-secret" };
/** A token request with secrets that everybody knows. */
export const appToken = {
  ...daemon,
  grant_type: "client_credentials",
  scope: "https://graph.microsoft.com/.default",
};
export const evil = "https://evil.example";

/** The authority of the test file. */
export let authority: LocalAuthority;
/** One for all requests: it resumes the TLS session of the first. */
let dispatcher: Agent;
beforeAll(async () => {
  authority = await startLocalAuthority({
    hosts: ["login.dev.example", "published.example:9443"],
    instanceMetadata: { location: "westus2" },
    tenants: [
      {
        id: contoso,
        apps: [
          {
            clientId: "spa",
            redirectUris: ["https://spa.example/signed-in", "https://port.example:8080/*", "msal://auth"],
          },
          {
            clientId: "tls",
            tlsClientAuth: { certificate: makeCertificate({ subject: "tls" }).certificatePem },
          },
        ],
        users: [{ username: "mia@contoso.example", multiFactor: true }],
      },
    ],
  });
  dispatcher = new Agent({
    connect: { ca: authority.caPem, checkServerIdentity: () => undefined },
    pipelining: 0,
  });
});
afterAll(async () => {
  await dispatcher.close();
  await authority.close();
});
afterEach(() => {
  authority.clearRequests();
});

interface Sent {
  readonly method?: "GET" | "POST" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

/** Sends a request as any program can, on a connection of its own. */
export async function send(url: string, { method = "GET", headers = {}, form }: Sent = {}) {
  const answer = await request(url, {
    dispatcher,
    method,
    headers: { ...(form && { "content-type": "application/x-www-form-urlencoded" }), ...headers },
    body: form && new URLSearchParams(form).toString(),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

export const discovery = "/common/v2.0/.well-known/openid-configuration";
export const tokenPath = `/${contoso}/oauth2/v2.0/token`;

export const alice = { username: "alice@contoso.example", password: "alice-password" };

/** The address of the sign-in page. */
export function authorizeUrl(parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: client("a2"),
    response_type: "code",
    redirect_uri: "http://localhost:3000/signed-in",
    scope: "openid",
    ...parameters,
  });
  return `${authority.url}/${contoso}/oauth2/v2.0/authorize?${query.toString()}`;
}
