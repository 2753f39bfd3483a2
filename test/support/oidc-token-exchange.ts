import type { Configuration, KoaContextWithOIDC, Provider } from "oidc-provider";
import { ACCESS_TOKEN_LIFETIME, type OpenIdProviderOptions } from "./oidc-provider.js";

export const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const type = (name: string): string => `urn:ietf:params:oauth:token-type:${name}`;

/** A confidential and a public client that may exchange tokens, besides those of the provider. */
export const exchangers = {
  api: { clientId: "exchanging-api", clientSecret: "the-secret-of-the-exchanging-api" },
  tool: { clientId: "exchanging-tool" },
};

/** The token exchange of RFC 8693, which `oidc-provider` leaves to its users. It takes the provider's access tokens. */
export const tokenExchange: OpenIdProviderOptions = {
  configure: (own: Configuration) => ({
    ...own,
    clients: [
      ...(own.clients ?? []),
      {
        client_id: exchangers.api.clientId,
        client_secret: exchangers.api.clientSecret,
        grant_types: [EXCHANGE_GRANT],
        response_types: [],
        redirect_uris: [],
      },
      {
        client_id: exchangers.tool.clientId,
        token_endpoint_auth_method: "none",
        grant_types: [EXCHANGE_GRANT],
        response_types: [],
        redirect_uris: [],
      },
    ],
  }),
  prepare: (provider: Provider) => {
    const names = ["subject_token", "subject_token_type", "actor_token", "actor_token_type"];
    const parameters = [...names, "requested_token_type", "audience", "resource", "scope"];
    const repeatable = ["audience", "resource"];
    provider.registerGrantType(
      EXCHANGE_GRANT,
      (context) => exchange(provider, context),
      parameters,
      repeatable,
    );
  },
};

async function exchange(provider: Provider, context: KoaContextWithOIDC): Promise<void> {
  const { errors } = await import("oidc-provider");
  const { client, params = {} } = context.oidc;
  if (!client) throw new errors.InvalidClient("there is no client");
  const text = (name: string): string => {
    const value = params[name];
    return typeof value === "string" ? value : "";
  };
  if (text("subject_token_type") !== type("access_token"))
    throw new errors.InvalidRequest("only access tokens are exchanged");
  const subject = await provider.AccessToken.find(text("subject_token"));
  if (!subject?.accountId) throw new errors.InvalidGrant("the subject token is not valid");
  const actor = params["actor_token"] ? await provider.AccessToken.find(text("actor_token")) : undefined;
  const audiences = [params["audience"] ?? []].flat().map(String);
  if (audiences.includes("forbidden")) throw new errors.InvalidTarget("no tokens for that service");
  const requested = text("requested_token_type") || type("access_token");
  const body = {
    expires_in: ACCESS_TOKEN_LIFETIME,
    issued_token_type: requested,
    scope: text("scope") || undefined,
  };
  if (requested === type("id_token")) {
    const idToken = new provider.IdToken({}, { client });
    idToken.set("sub", subject.accountId);
    const issued = await idToken.issue({ use: "idtoken" });
    context.body = { ...body, access_token: issued, token_type: "N_A" };
    return;
  }
  const token = new provider.AccessToken({
    accountId: subject.accountId,
    client,
    grantId: subject.grantId ?? "",
    gty: "token_exchange",
    scope: text("scope"),
    aud: audiences,
    extra: { act: actor?.accountId },
  });
  context.body = { ...body, access_token: await token.save(), token_type: "Bearer" };
}
