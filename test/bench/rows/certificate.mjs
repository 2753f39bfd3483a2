// App tokens by certificate, each of them with a token request: the processor time they take on this side. The network
// answers at once, from memory, and nothing is taken from the cache.
import { constants, createPrivateKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import {
  appScopes as scopes,
  authorityOf,
  clientId,
  jwt,
  noNetwork,
  tenant,
  tenantId,
} from "../fixtures.mjs";
import { measure, processorWatch } from "../measure.mjs";
import { faster, share } from "../table.mjs";

const TENANTS = 10;

export async function run({ tessera, peer, seconds }) {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const clientCertificate = { privateKey, thumbprintSha256: randomBytes(32).toString("hex") };
  const body = {
    token_type: "Bearer",
    expires_in: 3599,
    ext_expires_in: 3599,
    access_token: jwt("cold", 900),
  };
  const networkClient = {
    ...noNetwork,
    sendPostRequestAsync: async () => ({ status: 200, headers: {}, body }),
  };
  const appOf = ({ ConfidentialClientApplication }) =>
    new ConfidentialClientApplication({
      auth: { clientId, authority: authorityOf(tenantId), clientCertificate },
      system: { networkClient },
    });
  const authorities = Array.from({ length: TENANTS }, (_, index) => authorityOf(tenant(index)));
  const budget = { seconds, watch: processorWatch };
  /** One application for all calls. */
  const inTurn = (library, tenants) => {
    const app = appOf(library);
    return (i) =>
      app.acquireTokenByClientCredential({ scopes, skipCache: true, authority: authorities[i % tenants] });
  };
  /** What msal-node's guide advises: an application for each request. */
  const anew = (library) => () => appOf(library).acquireTokenByClientCredential({ scopes });

  const many = await measure({ tessera: inTurn(tessera, TENANTS), peer: inTurn(peer, TENANTS) }, budget);
  const one = await measure({ tessera: inTurn(tessera, 1), peer: inTurn(peer, 1) }, budget);
  const fresh = await measure({ tessera: anew(tessera), peer: anew(peer) }, budget);
  const { signature } = await measure({ signature: signing(privateKey) }, budget);
  const row = ({ tessera, peer }) => ({ tessera: tessera.median, other: peer.median });
  return [
    faster("certificate client credentials, cold, per request", { ...row(many), wanted: { least: 3 } }),
    share("  beside one RSA signature", {
      tessera: many.tessera.median,
      other: signature.median,
      against: "the signature",
    }),
    faster("  one tenant, whose assertion msal-node keeps, too", row(one)),
    faster("  an application made for each request", row(fresh)),
  ];
}

/** What an assertion costs at least: one signature, with a key that has been read. */
function signing(privateKey) {
  const key = createPrivateKey(privateKey);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  const data = randomBytes(400);
  return async () => sign("sha256", data, { key, padding, saltLength });
}
