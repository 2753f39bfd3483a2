import type { JsonWebKey } from "node:crypto";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { startOpenIdProvider, type OpenIdProvider } from "./oidc-provider.js";
import { rsaKeyPair } from "./rsa-keys.mjs";

/** The key pair of every client, for what the provider encrypts. */
export const encryptionKey = rsaKeyPair("two");

/** The private key as an application is configured with it. */
export const decryptionKeys = [
  { privateKey: encryptionKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), kid: "enc-1" },
];

/**
 * `oidc-provider` with the endpoints around the tokens: introspection, revocation, JWTs wherever there may be some, and
 * logout.
 *
 * @param client laid over the registration of each client
 */
export function startEndpointsProvider(client: object = {}): Promise<OpenIdProvider> {
  const jwk: JsonWebKey = encryptionKey.publicKey.export({ format: "jwk" });
  const jwks = { keys: [{ ...jwk, kid: "enc-1", use: "enc" }] } as NonNullable<ClientMetadata["jwks"]>;
  const configure = (usual: Configuration): Configuration => ({
    ...usual,
    clients: (usual.clients ?? []).map((one) => ({ ...one, jwks, ...client })),
    features: {
      ...usual.features,
      introspection: { enabled: true, allowedPolicy: async () => true },
      jwtIntrospection: { enabled: true },
      jwtUserinfo: { enabled: true },
      jwtResponseModes: { enabled: true },
      revocation: { enabled: true, allowedPolicy: async () => true },
      encryption: { enabled: true },
      backchannelLogout: { enabled: true },
    } as NonNullable<Configuration["features"]>,
    enabledJWA: {
      ...usual.enabledJWA,
      userinfoSigningAlgValues: ["RS256", "HS256"],
      introspectionSigningAlgValues: ["RS256", "HS256"],
      authorizationSigningAlgValues: ["RS256", "HS256"],
    },
  });
  return startOpenIdProvider({ configure });
}
