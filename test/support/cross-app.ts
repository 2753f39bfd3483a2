import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPair, jwtVerify, SignJWT } from "jose";
import type { Configuration, KoaContextWithOIDC, Provider } from "oidc-provider";
import type { OpenIdProviderOptions } from "./oidc-provider.js";
import { EXCHANGE_GRANT } from "./oidc-token-exchange.js";

const keys = await generateKeyPair("ES256");
/** This application at the other server. */
export const atOther = { clientId: "contoso-at-chat", clientSecret: "the secret at chat" };
const uri = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;

/** The company's provider: it vouches for its users with identity assertions (draft, "Token Exchange"). */
export const vouching: OpenIdProviderOptions = {
  configure: (own: Configuration) => ({
    ...own,
    clients: own.clients?.map((client) => ({
      ...client,
      grant_types: [...(client.grant_types ?? []), EXCHANGE_GRANT],
    })),
  }),
  prepare: (provider: Provider) => {
    const names = [
      "subject_token",
      "subject_token_type",
      "requested_token_type",
      "audience",
      "resource",
      "scope",
    ];
    provider.registerGrantType(EXCHANGE_GRANT, (context) => vouch(provider, context), names);
  },
};

async function vouch(provider: Provider, context: KoaContextWithOIDC): Promise<void> {
  const { errors } = await import("oidc-provider");
  const { client, params = {} } = context.oidc;
  if (!client) throw new errors.InvalidClient("there is no client");
  const { audience, resource, scope } = params;
  const isRight =
    params["requested_token_type"] === uri("id-jag") && params["subject_token_type"] === uri("id_token");
  if (!isRight || !audience || !resource) throw new errors.InvalidRequest("this is not the draft's request");
  const { payload } = await provider.IdToken.validate(String(params["subject_token"]), client);
  const assertion = await new SignJWT({ client_id: atOther.clientId, resource, scope })
    .setProtectedHeader({ alg: "ES256", typ: "oauth-id-jag+jwt" })
    .setIssuer(provider.issuer)
    .setSubject(String(payload["sub"]))
    .setAudience(typeof audience === "string" ? audience : "")
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(keys.privateKey);
  context.body = {
    access_token: assertion,
    issued_token_type: uri("id-jag"),
    token_type: "N_A",
    expires_in: 300,
  };
}

/** The other company's server, which takes each assertion once. */
export interface OtherServer {
  readonly issuer: string;
  /** The forms that its token endpoint got, with the `Authorization` header. */
  readonly requests: readonly Readonly<Record<string, string>>[];
  close(): void;
}

export async function startOtherServer(company: () => string): Promise<OtherServer> {
  const requests: Record<string, string>[] = [];
  const used = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      response.setHeader("content-type", "application/json");
      if (request.url === "/.well-known/oauth-authorization-server") {
        const metadata = {
          issuer,
          token_endpoint: `${issuer}/token`,
          grant_types_supported: ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
          authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"],
          response_types_supported: [],
          token_endpoint_auth_methods_supported: ["client_secret_basic"],
        };
        return response.end(JSON.stringify(metadata));
      }
      if (request.url !== "/token") return response.writeHead(404).end("{}");
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      requests.push({ ...form, authorization: request.headers.authorization ?? "" });
      try {
        const { payload } = await jwtVerify(form["assertion"] ?? "", keys.publicKey, {
          issuer: company(),
          audience: issuer,
          typ: "oauth-id-jag+jwt",
          requiredClaims: ["jti", "sub", "exp", "iat", "resource"],
        });
        if (payload["client_id"] !== atOther.clientId || used.has(payload.jti ?? "")) throw new Error("used");
        used.add(payload.jti ?? "");
        const about = `${String(payload.sub)} at ${String(payload["resource"])}, ${requests.length}`;
        const access_token = Buffer.from(about).toString("base64url");
        response.end(
          JSON.stringify({ access_token, token_type: "Bearer", expires_in: 600, scope: payload["scope"] }),
        );
      } catch {
        response.writeHead(400).end(JSON.stringify({ error: "invalid_grant" }));
      }
      return undefined;
    })();
  }).listen(0, "localhost");
  await once(server, "listening");
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  return { issuer, requests, close: () => void server.close() };
}
