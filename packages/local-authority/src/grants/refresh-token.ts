import { realmOf } from "../dialects/dialects.js";
import { refuse } from "../errors/errors.js";
import type { IssuedRefreshToken } from "../stores/refresh-tokens.js";
import { respondToUser } from "./token-response.js";
import type { App } from "../config/config.js";
import type { AuthorityState } from "../state.js";
import type { Grant } from "./grant.js";

/** Redeems a refresh token (RFC 6749 §6). As at Entra, it is valid for every resource the user has consented to. */
export const refreshToken: Grant = (state, request) => {
  const { form, app, at } = request;
  if (!form["refresh_token"]) throw refuse(900144, { parameter: "refresh_token" });
  const issued = state.refreshTokens.find(form["refresh_token"]);
  if (issued?.grant.realm !== realmOf(at)) throw refuse(9002313, {}, { error: "invalid_grant" });
  const { grant } = issued;
  if (!belongsTo(app, issued)) throw refuse(70000, {}, { suberror: "client_mismatch" });
  if (issued.revokedAt !== undefined) {
    throw refuse(50173, { issued: isoTime(issued.issuedAt), validFrom: isoTime(issued.revokedAt) });
  }
  const now = state.clock.seconds();
  if (now >= issued.expiresAt) {
    throw refuse(700082, { issued: isoTime(issued.issuedAt), inactive: duration(now - issued.issuedAt) });
  }
  const revoke = () => {
    // AD FS does not issue a replacement.
    if (rotationOf(state, app) === "strict" && at.kind !== "adfs") state.refreshTokens.revoke(issued);
  };
  return respondToUser(state, request, {
    signIn: grant,
    scope: form["scope"] ?? grant.scope,
    resource: grant.resource,
    claims: form["claims"],
    withAuthTime: false,
    // A later refusal, for example missing consent, must not invalidate the client's token.
    onAccepted: revoke,
  });
};

/** Members of a client family can redeem each other's tokens. */
function belongsTo(app: App, { grant }: IssuedRefreshToken): boolean {
  return grant.clientId === app.clientId || (app.familyId !== undefined && app.familyId === grant.familyId);
}

function rotationOf(state: AuthorityState, app: App) {
  return app.refreshTokenRotation ?? state.config.refreshTokenRotation;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** Formats a duration like a .NET time span: `90.00:00:00`. */
function duration(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const days = Math.floor(seconds / 86_400);
  return `${days}.${two((seconds % 86_400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}
