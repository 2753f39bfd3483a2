import type { AuthenticationResult, ConfidentialClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import { startEntra, type Entra } from "./entra.js";
import { signInWithCode } from "./sign-in-with-code.js";

/** What the API asks for in the name of its callers. */
export const graph = ["https://graph.microsoft.com/User.Read"];

/** Two web APIs of the local authority, and the users who call them. */
export interface Apis {
  readonly entra: Entra;
  /** The API `orders`, or the other one, `asking`, whose users have to consent. */
  api(over?: Parameters<Entra["confidential"]>[0], clientId?: string): ConfidentialClientApplication;
  /** What an API is called with; by Alice, and at `orders`, by default. */
  userToken(username?: string, api?: string): Promise<string>;
  /** The grants that were sent. */
  grants(): readonly (string | undefined)[];
}

/** Starts them. `payments` is a third one, which conditional access protects. */
export async function startApis(): Promise<Apis> {
  const clientSecret = "orders-secret";
  const registration = { clientSecret, redirectUris: ["http://localhost/*"] };
  const entra = await startEntra({
    refreshTokenRotation: "strict",
    tenants: [
      {
        domain: "contoso.example",
        apps: [
          { clientId: "orders", identifierUri: "api://orders", multiTenant: true, ...registration },
          { clientId: "asking", identifierUri: "api://asking", requiresConsent: true, ...registration },
          { clientId: "payments", identifierUri: "api://payments" },
        ],
      },
    ],
    conditionalAccess: [{ resource: "api://payments" }],
  });
  return {
    entra,
    api: (over = {}, clientId = "orders") =>
      entra.confidential({ ...over, auth: { clientId, clientSecret, ...over.auth } }),
    userToken: async (username = "alice@contoso.example", api = "orders") => {
      const result = await signInWithCode(entra, entra.publicClient(), [`api://${api}/access`], username);
      return result.accessToken;
    },
    grants: () =>
      entra.authority.requests
        .filter(({ endpoint }) => endpoint === "token")
        .map(({ form }) =>
          form["requested_token_use"] === "on_behalf_of" ? "on_behalf_of" : form["grant_type"],
        ),
  };
}

/** Whose token it is. */
export const userOf = ({ accessToken }: AuthenticationResult) => String(decodeJwt(accessToken)["oid"]);
