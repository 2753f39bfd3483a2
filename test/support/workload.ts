import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { startEntra, type Entra } from "./entra.js";

/** An issuer of tokens for workloads, and an Entra with an app that trusts it. */
export interface Workload {
  readonly entra: Entra;
  /** A token of the workload, issued now by the clock of `entra`, for five minutes unless `claims` say otherwise. */
  token(claims?: JWTPayload): Promise<string>;
}

export const issuer = "https://host.example";

/** @param clientId the app that the workload is a federated credential of */
export async function startWorkload(clientId = "workload"): Promise<Workload> {
  const { privateKey, publicKey } = await generateKeyPair("RS256");
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1" }] };
  const federatedCredentials = [{ issuer, subject: "workload", jwks }];
  const entra = await startEntra({
    tenants: [
      {
        domain: "contoso.example",
        apps: [{ clientId, federatedCredentials, redirectUris: ["http://localhost:3000/redirect"] }],
      },
    ],
  });
  return {
    entra,
    token: (claims = {}) => {
      const now = Math.floor(entra.clock.now() / 1000);
      const usual = { iss: issuer, sub: "workload", aud: "api://AzureADTokenExchange", iat: now };
      return new SignJWT({ ...usual, exp: now + 300, ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "k1" })
        .sign(privateKey);
    },
  };
}

/** What a token service of a host answers. */
export interface ServiceAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A token service of a host: a real server that answers as a test says. */
export interface FakeService {
  readonly url: string;
  readonly requests: readonly Pick<IncomingMessage, "method" | "url" | "headers">[];
  answer: () => ServiceAnswer | Promise<ServiceAnswer>;
  clear(): void;
  close(): void;
}

export async function startService(): Promise<FakeService> {
  const requests: Pick<IncomingMessage, "method" | "url" | "headers">[] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method, url: request.url, headers: request.headers });
    void Promise.resolve(service.answer()).then(({ status = 200, headers = {}, body = "" }) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      response.writeHead(status, headers).end(text);
    });
  }).listen(0, "localhost");
  await once(server, "listening");
  const service: FakeService = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    answer: () => ({ status: 500 }),
    clear: () => {
      requests.length = 0;
    },
    close: () => server.close(),
  };
  return service;
}
