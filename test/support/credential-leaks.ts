import { expect } from "@jest/globals";
import { ConfidentialClientApplication, LogLevel, type INetworkModule } from "@tessera/node";
import { inSample } from "./sample.js";
import { leaksIn, MARK, OWN_ERROR, WRONG_FORMS } from "./marked-values.js";

// In a Basic header, in front of the secret: as long as not to shift its base64.
export const clientId = "the-client1";
export const authority = "https://login.microsoftonline.com/contoso.example";
export const oidcAuthority = "https://issuer.example";
export const scopes = ["https://graph.microsoft.com/.default"];
export const redirectUri = "https://app.example/signed-in";

/** What the attempt that ran last, or runs, has logged. */
export const lines: string[] = [];
export const loggerOptions = {
  logLevel: LogLevel.Trace,
  piiLoggingEnabled: true,
  loggerCallback: (_: LogLevel, line: string) => void lines.push(line),
};

/** What the network makes of a token request: each quotes it. */
export const NETWORKS: Readonly<Record<string, (url: string, options: unknown, body: string) => unknown>> = {
  "breaks, and quotes the request": (url, options, body) => {
    throw Object.assign(new Error(`POST ${url} failed: ${body} ${JSON.stringify(options)}`), {
      config: options,
      cause: new Error(`wrote ${decodeURIComponent(body.replace(/\+/g, " "))}`),
    });
  },
  "fails with a string": (_, __, body) => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as some clients do
    throw `could not send ${body}`;
  },
  "answers with an error that repeats the form": (_, __, body) => ({
    status: 400,
    body: {
      error: "invalid_grant",
      error_description: `${body} and ${[...new URLSearchParams(body).values()].join(" ")}`,
    },
  }),
  "answers with a page that repeats the form": (_, __, body) => ({
    status: 502,
    body: `<html>${body}</html>`,
  }),
  "answers with half a response": (_, __, body) => ({
    status: 200,
    body: JSON.stringify({ access: body }).slice(0, -1),
  }),
};

export function networkClient(
  respond: (typeof NETWORKS)[string],
  whenSent = (): void => undefined,
): INetworkModule {
  const discovery = {
    issuer: oidcAuthority,
    authorization_endpoint: `${oidcAuthority}/authorize`,
    token_endpoint: `${oidcAuthority}/token`,
    jwks_uri: `${oidcAuthority}/keys`,
  };
  const answer = (body: unknown, status = 200) => ({ status, headers: {}, body }) as never;
  return {
    sendGetRequestAsync: async (url) => {
      if (url.includes("/UserRealm/")) return answer({ account_type: "Managed" });
      return url.startsWith(oidcAuthority) ? answer(discovery) : answer({}, 404);
    },
    sendPostRequestAsync: async (url, options) => {
      whenSent();
      const { status, body } = respond(url, options, options?.body ?? "") as {
        status: number;
        body: unknown;
      };
      return answer(body, status);
    },
  };
}

export type Attempt = (value: unknown, network: INetworkModule) => Promise<unknown>;

/**
 * Runs a call with every wrong form on a third of the networks, each of which meets every third form; with `TABLES=all`, on
 * every network. A form that is refused before it is sent runs on one of them.
 */
export async function leaksOf(
  attempt: Attempt,
  networks = NETWORKS,
  forms = WRONG_FORMS,
): Promise<readonly string[]> {
  const leaks: string[] = [];
  let failures = 0;
  const every = Object.entries(networks);
  for (const [form, value] of Object.entries(forms)) {
    const sampled = every.filter((_, place) => every.length < 3 || inSample(form, place));
    for (const [what, respond] of sampled) {
      lines.length = 0;
      let isSent = false;
      const network = networkClient(respond, () => {
        isSent = true;
      });
      const error: unknown = await (async () => attempt(value, network))().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) failures += 1;
      // An app's own function has failed: what it throws comes back to the app as it is, and goes nowhere else.
      const isOwn = error === OWN_ERROR || error === MARK;
      const shown = [...(isOwn ? [] : [error]), ...lines];
      for (const each of shown.flatMap(leaksIn)) leaks.push(`${form}, the network ${what}: ${each}`);
      if (!isSent) break;
    }
  }
  expect(failures).toBeGreaterThan(0);
  return leaks;
}

/** A confidential client that logs all it can. */
export const confidential = (auth: object, network: INetworkModule): ConfidentialClientApplication =>
  new ConfidentialClientApplication({
    auth: { clientId, authority, ...auth },
    system: { networkClient: network, loggerOptions, retries: 0 },
  });
/** Asks for an app's token. */
export const appToken = (auth: object, network: INetworkModule) =>
  confidential(auth, network).acquireTokenByClientCredential({ scopes });
