// A web app at the certified provider, with a real browser between them: the request is pushed and the response signed, an
// ID token comes in a form beside the code, and the session ends at the provider too.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  ConfidentialClientApplication,
  type AuthCodeFlow,
  type AuthCodeFlowRequest,
  type AuthenticationResult,
  type ClientMetadata,
} from "@tessera/node";
import type { Configuration } from "oidc-provider";
import { hasChromium, launchChromium, typeCredentials, type Chromium } from "../support/chromium.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { describeWith } from "../support/real-part.js";

const olga = { username: "olga@example.org", password: "any" };
const clientSecret = "the-secret-of-the-client-0123456789";

/** What the app asks for, and how its client is registered. */
interface Leg {
  readonly clientId: string;
  readonly clientMetadata?: ClientMetadata;
  readonly request?: Partial<AuthCodeFlowRequest>;
}

function withClients(usual: Configuration): Configuration {
  const client = {
    application_type: "native" as const,
    client_secret: clientSecret,
    redirect_uris: ["http://localhost/callback"],
    post_logout_redirect_uris: ["http://localhost/signed-out"],
  };
  return {
    ...usual,
    clients: [
      { ...client, client_id: "pushing", require_pushed_authorization_requests: true },
      {
        ...client,
        client_id: "hybrid",
        grant_types: ["authorization_code", "implicit"],
        response_types: ["code id_token"],
      },
    ],
    responseTypes: ["code", "code id_token"],
    features: {
      ...usual.features,
      pushedAuthorizationRequests: { enabled: true },
      jwtResponseModes: { enabled: true },
    },
  };
}

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let provider: OpenIdProvider;
  let server: Server;
  let url: string;
  let leg: Leg;
  let app: ConfidentialClientApplication;
  let flow: AuthCodeFlow | undefined;
  let result: AuthenticationResult | undefined;
  /** What came to the redirect URI, by GET or POST. */
  let came: { readonly method: string; readonly parameters: URLSearchParams } | undefined;

  beforeAll(async () => {
    [chromium, provider] = await Promise.all([
      launchChromium(),
      startOpenIdProvider({ configure: withClients }),
    ]);
    server = createServer((request, response) => {
      serve(request).then(
        (location) =>
          location
            ? response.writeHead(303, { location }).end()
            : response.writeHead(200, { "content-type": "text/html" }).end("Hello"),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    server.listen(0, "localhost");
    await once(server, "listening");
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await chromium.close();
    server.closeAllConnections();
    server.close();
    await provider.close();
  });
  beforeEach(() => {
    provider.clearRequests();
    [flow, result, came] = [undefined, undefined, undefined];
  });

  /** The app: where to send the browser, or nothing for a page. */
  async function serve(request: IncomingMessage): Promise<string | undefined> {
    const at = new URL(request.url ?? "/", url);
    if (at.pathname === "/sign-in") {
      app = new ConfidentialClientApplication({
        auth: {
          clientId: leg.clientId,
          clientSecret,
          oidcAuthority: provider.url,
          ...(leg.clientMetadata ? { clientMetadata: leg.clientMetadata } : {}),
        },
        system: { proxy: false },
      });
      const redirectUri = `${url}/callback`;
      flow = await app.initiateAuthCodeFlow({ scopes: ["openid", "profile"], redirectUri, ...leg.request });
      return flow.authUrl;
    }
    if (at.pathname === "/callback" && flow) {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const { method = "" } = request;
      came = { method, parameters: method === "POST" ? new URLSearchParams(text) : at.searchParams };
      result = await app.acquireTokenByAuthCodeFlow(flow, came.parameters);
      return "/";
    }
    if (at.pathname === "/sign-out" && result?.account) {
      const { account } = result;
      await app.signOut({ account });
      const postLogoutRedirectUri = `${url}/signed-out`;
      return app.buildEndSessionUrl({ account, postLogoutRedirectUri, state: "where the user was" });
    }
    return undefined;
  }

  async function signedIn(which: Leg) {
    leg = which;
    const user = await chromium.user();
    await user.page.goto(`${url}/sign-in`);
    await typeCredentials(user.page, olga);
    await user.page.locator('button[type="submit"]').first().click();
    await user.page.waitForURL(`${url}/`);
    return user;
  }

  test("the request is pushed, and the response is a signed JWT", async () => {
    const { close } = await signedIn({
      clientId: "pushing",
      clientMetadata: { require_pushed_authorization_requests: true },
      request: { responseMode: "jwt" },
    });
    const [authorization] = provider.requests.filter(({ path }) => path === "/auth");
    expect(Object.keys(authorization?.query ?? {}).sort()).toEqual(["client_id", "request_uri"]);
    expect(came?.method).toBe("GET");
    expect([...(came?.parameters.keys() ?? [])]).toEqual(["response"]);
    expect(result?.account?.username).toBe(olga.username);
    await close();
  });

  test("hybrid: the code and an ID token come in a form, and the session ends at the provider, too", async () => {
    const { page, close } = await signedIn({
      clientId: "hybrid",
      request: { responseType: "code id_token" },
    });
    expect(came?.method).toBe("POST");
    expect([...(came?.parameters.keys() ?? [])]).toEqual(
      expect.arrayContaining(["code", "id_token", "state"]),
    );
    expect(result?.account?.username).toBe(olga.username);

    await page.goto(`${url}/sign-out`);
    await page.locator('button[name="logout"]').click();
    await page.waitForURL((at) => at.pathname === "/signed-out");
    expect(new URL(page.url()).searchParams.get("state")).toBe("where the user was");
    expect(await app.getAllAccounts()).toEqual([]);
    // The next sign-in asks for the password again.
    await page.goto(`${url}/sign-in`);
    await page.locator('input[type="password"]').waitFor();
    await close();
  });
});
