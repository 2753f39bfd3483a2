import type { Grant } from "./grant.js";

/** The line for operators about a new token: one for each token, however many callers wait for it. */
export function acquiredLine({ owner, miss, parameters }: Grant): string {
  const grantType = parameters.get("grant_type") ?? "";
  // A refresh token from elsewhere signs its user in here.
  const isCached = grantType === "refresh_token" && miss !== undefined && miss !== "uncached";
  const isRenewal = isCached || miss === "due" || miss === "expired";
  if (isRenewal) return `A token has been renewed (${grantType}).`;
  // The sign-in of a session belongs to no user's partition.
  const isSignIn =
    grantType === "authorization_code" || (owner.kind === "user" && !owner.agent && !owner.onBehalfOf);
  return isSignIn ? `A user has signed in (${grantType}).` : `A token has been acquired (${grantType}).`;
}

/** The same about a server that asks for a pause: once for each pause. */
export function throttledLine(host: string, seconds: number): string {
  return `${host} asked for a pause of ${Math.ceil(seconds)} seconds: equal requests are not sent until it ends.`;
}
