import type { App } from "../config/config.js";
import type { TenantScope } from "../directory.js";
import { refuse } from "../errors/errors.js";
import { hasValidSignature, type Jwt, type KeyChoice } from "../crypto/jwt.js";
import { isOwnAddress } from "./own-addresses.js";
import type { AuthorityState } from "../state.js";
import { checkTimes } from "./assertion-times.js";
import { findCertificate } from "./certificate.js";
import { localKeys } from "./issuer-keys.js";

/**
 * Verifies an assertion that the client signed: with a certificate, as Entra requires, with a registered key
 * (`private_key_jwt`), or with its secret (`client_secret_jwt`; OpenID Connect Core §9).
 *
 * @throws {AadstsError} 700021, 700023, 700024, 700027, 5002738, 50027, and those of `findCertificate`
 */
export async function verifyOwnAssertion(
  state: AuthorityState,
  app: App,
  at: TenantScope,
  jwt: Jwt,
): Promise<void> {
  const { iss, sub, aud, jti, exp = 0 } = jwt.claims;
  if (iss !== app.clientId || sub !== app.clientId) throw refuse(700021);
  if (![aud].flat().some((address) => isOwnAddress(state, at, address))) throw refuse(700023);
  checkTimes(state.clock, jwt.claims);

  const { key, algorithms, description } = await keyOf(app, at, jwt, state.clock.milliseconds());
  if (!(await hasValidSignature(jwt, key, algorithms))) {
    throw badSignature(
      app,
      `The provided signature value did not match the expected signature value.${description}`,
    );
  }
  if (app.rejectReplayedAssertions === true && !state.assertionIds.add(app, jti, exp)) {
    throw badSignature(app, "The assertion does not have an identifier (jti), or was presented before.");
  }
}

interface Key {
  readonly key: KeyChoice;
  readonly algorithms: readonly string[];
  /** Describes the key in errors. */
  readonly description: string;
}

async function keyOf(app: App, { kind }: TenantScope, { header }: Jwt, now: number): Promise<Key> {
  const alg = String(header.alg);
  const certificateAlgorithms = kind === "adfs" ? ["RS256"] : ["RS256", "PS256"];
  const refuseAlgorithm = (supported: readonly string[]) =>
    refuse(5002738, { algorithm: alg, supported: supported.join(",") });

  if (header.x5t !== undefined || header["x5t#S256"] !== undefined || header.x5c !== undefined) {
    if (!certificateAlgorithms.includes(alg)) throw refuseAlgorithm(certificateAlgorithms);
    // AD FS identifies certificates only by SHA-1 thumbprint.
    if (kind === "adfs" && header.x5t === undefined) {
      throw refuse(50027, { detail: " The header has no 'x5t'." });
    }
    const { key, description } = findCertificate(app, header, now);
    return { key: () => key, algorithms: [alg], description };
  }
  if (app.clientSecretJwt === true && app.clientSecret !== undefined && alg.startsWith("HS")) {
    const secret = Buffer.from(app.clientSecret);
    return { key: () => secret, algorithms: secretAlgorithms, description: "" };
  }
  if (app.jwks !== undefined) {
    if (!keyAlgorithms.includes(alg)) throw refuseAlgorithm(keyAlgorithms);
    return { key: await localKeys(app.jwks), algorithms: keyAlgorithms, description: "" };
  }
  if (!certificateAlgorithms.includes(alg)) throw refuseAlgorithm(certificateAlgorithms);
  throw refuse(50027, { detail: " No certificate thumbprint specified in token header." });
}

function badSignature(app: App, reason: string) {
  return refuse(700027, {
    summary: "Client assertion contains an invalid signature.",
    reason,
    clientId: app.clientId,
  });
}

const secretAlgorithms: readonly string[] = ["HS256"];
const keyAlgorithms: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
];
