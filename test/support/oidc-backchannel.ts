import { generateKeyPairSync } from "node:crypto";
import type { BackchannelAuthenticationRequest, Provider } from "oidc-provider";
import type { OpenIdProviderOptions } from "./oidc-provider.js";

/** Confidential clients that ask users on their devices: one that polls, one that is notified. */
export const callers = {
  poll: { clientId: "till", clientSecret: "the-secret-of-the-till-0123456789" },
  ping: { clientId: "call-center", clientSecret: "the-secret-of-the-call-center-0123" },
};

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
/** The key with which the call center signs its requests; the provider takes no others from it. */
export const requestObjectKey = {
  privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  kid: "signing",
};

/** A notification, as it would come to the app's endpoint. */
export interface SentNotification {
  readonly authorization: string;
  readonly body: string;
}

/** The users' devices, and the notifications that the provider sends. */
export interface Devices {
  readonly options: OpenIdProviderOptions;
  /** The requests that users were asked about. */
  readonly asked: BackchannelAuthenticationRequest[];
  /** Decides on the request that was asked last. The provider then notifies a client that wants it so. */
  decide(decision: "accept" | "decline"): Promise<void>;
  /** Receives notifications, and says what status to answer. */
  onNotification: (notification: SentNotification) => number;
}

/** CIBA at `oidc-provider`: a login hint is an account, and a device is asked at once. */
export function devices(): Devices {
  let provider: Provider | undefined;
  const asked: BackchannelAuthenticationRequest[] = [];
  const grantType = "urn:openid:params:grant-type:ciba";
  const notificationEndpoint = "https://call-center.example/notified";
  const client = (mode: keyof typeof callers) => ({
    client_id: callers[mode].clientId,
    client_secret: callers[mode].clientSecret,
    grant_types: [grantType, "refresh_token"],
    response_types: [],
    redirect_uris: [],
    backchannel_token_delivery_mode: mode,
    ...(mode === "ping"
      ? {
          backchannel_client_notification_endpoint: notificationEndpoint,
          backchannel_authentication_request_signing_alg: "ES256" as const,
          jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "signing", use: "sig" }] },
        }
      : {}),
  });
  const made: Devices = {
    asked,
    onNotification: () => 204,
    decide: async (decision) => {
      const request = asked.at(-1);
      if (!provider || !request) throw new Error("nobody was asked");
      const { errors } = await import("oidc-provider");
      if (decision === "decline") {
        await provider.backchannelResult(request, new errors.AccessDenied("the user declined"));
        return;
      }
      const { clientId = "", accountId = "" } = request;
      const grant = new provider.Grant({ clientId, accountId });
      const scope = request.params?.["scope"];
      grant.addOIDCScope(typeof scope === "string" ? scope : "");
      await provider.backchannelResult(request, await grant.save());
    },
    options: {
      configure: (own) => ({
        ...own,
        clients: [...(own.clients ?? []), client("poll"), client("ping")],
        fetch: async (url, init) => {
          if (new Request(url).url !== notificationEndpoint) return fetch(url, init);
          const { authorization = "" } = Object.fromEntries(new Headers(init?.headers));
          const status = made.onNotification({
            authorization,
            body: typeof init?.body === "string" ? init.body : "",
          });
          return new Response(null, { status });
        },
        features: {
          ...own.features,
          requestObjects: { enabled: true },
          ciba: {
            enabled: true,
            deliveryModes: ["poll", "ping"],
            processLoginHint: async (_context, loginHint) => (loginHint === "nobody" ? undefined : loginHint),
            processLoginHintToken: async () => undefined,
            validateRequestContext: async () => undefined,
            verifyUserCode: async () => undefined,
            triggerAuthenticationDevice: async (_context, request) => void asked.push(request),
          },
        },
      }),
      prepare: (started) => {
        provider = started;
      },
    },
  };
  return made;
}
