// A token from a regional host that really answers, over TLS.
import { expect, it } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import { ConfidentialClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import type { LookupFunction } from "node:net";
import { Agent, request as send } from "undici";

it("the local authority's regional host gives the token", async () => {
  const authority = await startLocalAuthority();
  // `*.localhost` is this machine (RFC 6761 §6.3), which not every resolver knows.
  const lookup: LookupFunction = (_, options, callback) => {
    if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  };
  const dispatcher = new Agent({ connect: { ca: authority.caPem, lookup }, pipelining: 0 });
  const through = async <T>(
    method: "GET" | "POST",
    url: string,
    options?: { headers?: Record<string, string>; body?: string },
  ) => {
    const answer = await send(url, { dispatcher, method, headers: options?.headers, body: options?.body });
    return { status: answer.statusCode, headers: {}, body: (await answer.body.json()) as T };
  };
  const [web] = authority.config.tenants[0]?.apps ?? [];
  const app = new ConfidentialClientApplication({
    auth: {
      clientId: web?.clientId ?? "",
      clientSecret: web?.clientSecret,
      authority: authority.authorityUrl(),
    },
    system: {
      networkClient: {
        sendGetRequestAsync: (url, options) => through("GET", url, options),
        sendPostRequestAsync: (url, options) => through("POST", url, options),
      },
    },
  });
  const scopes = ["https://graph.microsoft.com/.default"];
  const { accessToken } = await app.acquireTokenByClientCredential({ scopes, azureRegion: "westus2" });
  expect(decodeJwt(accessToken)).toMatchObject({ iss: authority.issuer(), azp: web?.clientId });
  expect(authority.requests.filter(({ endpoint }) => endpoint === "token")).toMatchObject([
    { host: `westus2.localhost:${authority.port}`, status: 200 },
  ]);
  await authority.close();
});
