import { errorText, sameText, verifyDpopProof } from "@tessera/core/internal";
import { certificateIn, thumbprintOf } from "./client-certificate.js";
import type { Nonces } from "./nonces.js";
import type { ClientCertificate, GuardedRequest } from "./options.js";
import type { PresentedToken } from "./presented-token.js";
import { invalidToken, unavailable, type Refusal } from "./refusal.js";
import type { UsedOnce } from "./used-once.js";

/** How the guard learns that the client has the key that a token is bound to. */
export interface PossessionRules {
  /** URL of the API as its clients see it: the origin of what proofs are for. */
  readonly baseUrl: URL;
  readonly isRequired: boolean;
  readonly nonces: Nonces | undefined;
  readonly used: UsedOnce;
  readonly certificateHeader: string | undefined;
  readonly now: () => number;
}

/** A request with a token whose other claims are verified. */
export interface Presentation extends PresentedToken {
  readonly request: GuardedRequest;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly certificate: ClientCertificate | undefined;
}

/** Returns why a client has not shown that it has the key of its token (RFC 7800 §3), if so. */
export async function unproven(
  presentation: Presentation,
  rules: PossessionRules,
): Promise<Refusal | undefined> {
  const { cnf } = presentation.claims;
  if (cnf === undefined || cnf === null) return unbound(presentation, rules);
  const { jkt, "x5t#S256": x5t } =
    typeof cnf === "object" ? (cnf as Readonly<Record<string, unknown>>) : ({} as Record<string, unknown>);
  // A token that is bound in a way that is not known must not be taken for one that is not bound.
  if (typeof jkt !== "string" && typeof x5t !== "string")
    return invalidToken(
      "The access token is bound to a key in an unknown way",
      `Its cnf is ${JSON.stringify(cnf)}.`,
    );
  const certificate = typeof x5t === "string" ? withoutCertificate(presentation, x5t, rules) : undefined;
  if (certificate) return certificate;
  if (typeof jkt === "string") return withoutProof(presentation, jkt, rules);
  return unbound(presentation, { isRequired: false });
}

function unbound(
  { scheme }: Presentation,
  { isRequired }: Pick<PossessionRules, "isRequired">,
): Refusal | undefined {
  if (scheme === "dpop")
    return invalidToken("The access token is not bound to a key", "It was sent as DPoP and has no jkt.");
  return isRequired
    ? invalidToken("An access token that is bound to a key is required", "It has no cnf.")
    : undefined;
}

/** RFC 8705 §3. */
function withoutCertificate(
  { request, certificate }: Presentation,
  x5t: string,
  { certificateHeader }: PossessionRules,
): Refusal | undefined {
  const own = thumbprintOf(certificate ?? certificateIn(request, certificateHeader));
  if (own !== undefined && sameText(own, x5t)) return undefined;
  const reason = own === undefined ? "There is none." : "It is another one than that of the token.";
  return invalidToken("The access token is bound to the client's certificate", reason);
}

/** RFC 9449 §7.1. */
async function withoutProof(
  { scheme, token, request }: Presentation,
  jkt: string,
  { baseUrl, nonces, used, now }: PossessionRules,
): Promise<Refusal | undefined> {
  if (scheme !== "dpop")
    return invalidToken("The access token is bound to a key: use DPoP", "It was sent as a bearer token.");
  const proof = request.headers.get("dpop");
  if (!proof) return invalidProof("The header DPoP is missing");
  let verified: Awaited<ReturnType<typeof verifyDpopProof>>;
  try {
    const url = new URL(new URL(request.url, baseUrl).pathname, baseUrl).href;
    const expected = { method: request.method, url, accessToken: token, thumbprint: jkt, now: now() };
    verified = await verifyDpopProof(proof, expected);
  } catch (error) {
    return invalidProof(errorText(error));
  }
  const { id, nonce, expiresIn } = verified;
  if (nonces && !nonces.accepts(nonce)) return wantsNonce(nonces);
  try {
    return (await used.first(`dpop ${id}`, expiresIn)) ? undefined : invalidProof("It has been used before");
  } catch (cause) {
    // The proof may be good: the client is not told that it is bad, and nobody is let in unseen.
    const reason = `The store of used proofs fails: ${errorText(cause)}`;
    return unavailable("The DPoP proof cannot be checked now", { reason, cause });
  }
}

function invalidProof(reason: string): Refusal {
  return {
    status: 401,
    error: "invalid_dpop_proof",
    description: "The DPoP proof is not valid",
    reason: `The DPoP proof is refused: ${reason}.`,
  };
}

function wantsNonce(nonces: Nonces): Refusal {
  return {
    status: 401,
    error: "use_dpop_nonce",
    description: "The DPoP proof needs a nonce of this server",
    reason: "The DPoP proof has no nonce that is accepted.",
    headers: { "dpop-nonce": nonces.next() },
  };
}
