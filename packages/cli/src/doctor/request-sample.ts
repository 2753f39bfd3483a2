import { PublicClientApplication, type INetworkModule, type NetworkResponse } from "@tessera/node";
import type { Profile } from "../profiles/profile.js";
import { configurationOf } from "../profiles/provider.js";
import { networkFetch } from "../network.js";
import type { Finding } from "./system.js";

/** Parameters of a token request whose values are not secret. */
const SHOWN = new Set(["grant_type", "client_id", "scope", "resource", "audience", "client_info", "claims"]);

/** Shows what a request for a token would send: it is made by the library as any other, and not sent. */
export async function requestSample(profile: Profile): Promise<readonly Finding[]> {
  if (profile.identity.kind !== "user") return [];
  let shown: string | undefined;
  const get = networkFetch(profile.ca);
  const networkClient: INetworkModule = {
    async sendGetRequestAsync<T>(url: string): Promise<NetworkResponse<T>> {
      const response = await get(url);
      const headers = Object.fromEntries(response.headers);
      return { status: response.status, headers, body: (await response.json()) as T };
    },
    async sendPostRequestAsync<T>(
      url: string,
      options?: { readonly body?: string },
    ): Promise<NetworkResponse<T>> {
      shown = `POST ${url} with ${formText(options?.body ?? "")}`;
      return { status: 400, headers: {}, body: { error: "invalid_grant" } as T };
    },
  };
  const { auth, system } = configurationOf(profile, undefined);
  const app = new PublicClientApplication({ auth, system: { ...system, networkClient, retries: 0 } });
  const scopes = profile.scopes.length > 0 ? [...profile.scopes] : ["openid"];
  await app.acquireTokenByRefreshToken({ refreshToken: "sample", scopes }).catch(() => undefined);
  if (shown === undefined) return [{ state: "note", what: "request", text: "none would be sent: see above" }];
  return [{ state: "good", what: "a renewal would send", text: shown }];
}

function formText(body: string): string {
  const parts = [...new URLSearchParams(body)].map(
    ([name, value]) => `${name}=${SHOWN.has(name) ? value : "…"}`,
  );
  return parts.join(" ");
}
