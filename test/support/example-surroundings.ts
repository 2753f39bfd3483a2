// What examples find around them: a network and an environment.
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a 401 response of the API demands: a newer token, as after a change of the user's password. */
const challenge = `Bearer error="insufficient_claims", claims="${btoa('{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}')}"`;

/** An identity assertion for another company's server, from any provider. */
const VOUCHER = {
  access_token: "an.identity.assertion",
  issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
  token_type: "N_A",
  expires_in: 300,
};

/** The server of another company. */
const CHAT = "https://auth.chat.example";

function atChat(path: string): unknown {
  if (path === "/token") return { access_token: "a.chat.token", token_type: "Bearer", expires_in: 3600 };
  return {
    issuer: CHAT,
    authorization_endpoint: `${CHAT}/authorize`,
    token_endpoint: `${CHAT}/token`,
    jwks_uri: `${CHAT}/keys`,
  };
}

/** The endpoint of an App Service. */
const MANAGED_IDENTITY = "http://managed-identity.localhost/msi/token";

/**
 * Puts a Microsoft Graph behind `fetch`, gives the environment the variables of Kubernetes, GitHub Actions and App Service, and moves the
 * platform's data folder to a place that is removed afterwards.
 */
export async function prepareSurroundings(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "tessera-examples-"));
  const before = { env: { ...process.env }, fetch: globalThis.fetch };
  const tokenFile = join(folder, "token");
  await writeFile(tokenFile, "a.signed.token");
  Object.assign(process.env, {
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    ACTIONS_ID_TOKEN_REQUEST_URL: "https://actions.example/token",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "a.request.token",
    IDENTITY_ENDPOINT: MANAGED_IDENTITY,
    IDENTITY_HEADER: "a-host-secret",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    SYSTEM_ACCESSTOKEN: "a.job.token",
    SYSTEM_OIDCREQUESTURI: "https://pipelines.example/token",
    XDG_DATA_HOME: folder,
    LOCALAPPDATA: folder,
  });
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.url.startsWith(MANAGED_IDENTITY))
      return Response.json({ access_token: "a.host.token", token_type: "Bearer", expires_in: 3600 });
    if (request.url.startsWith(CHAT)) return Response.json(atChat(new URL(request.url).pathname));
    if (request.url.startsWith("https://mcp.example/")) return Response.json({});
    if (typeof init?.body === "string" && init.body.includes("token-type%3Aid-jag"))
      return Response.json(VOUCHER);
    if (!request.url.startsWith("https://graph.microsoft.com/")) return before.fetch(input, init);
    return request.headers.get("authorization")?.startsWith("Bearer ")
      ? Response.json({ value: [] })
      : new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  };
  return async () => {
    globalThis.fetch = before.fetch;
    process.env = before.env;
    await rm(folder, { recursive: true });
  };
}
