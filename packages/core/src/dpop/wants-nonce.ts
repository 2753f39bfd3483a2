import { parseAuthenticationChallenges } from "../request/claims-challenge.js";

/** Whether a protected resource refuses a proof because of its nonce (RFC 9449 §9). */
export function wantsNonce(status: number, wwwAuthenticate: string | null | undefined): boolean {
  return (
    status === 401 &&
    parseAuthenticationChallenges(wwwAuthenticate).some(
      ({ scheme, parameters }) => scheme === "dpop" && parameters["error"] === "use_dpop_nonce",
    )
  );
}
