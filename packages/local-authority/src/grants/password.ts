import { randomUUID } from "node:crypto";
import { refuse } from "../errors/errors.js";
import { checkPassword } from "../sign-in/password-check.js";
import { respondToUser } from "./token-response.js";
import type { Grant } from "./grant.js";

/**
 * The password grant (RFC 6749 §4.3). As at Entra, for users of managed domains, at a tenant or `organizations`.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc
 */
export const password: Grant = (state, request) => {
  const { form, at } = request;
  for (const parameter of ["username", "password"]) {
    if (!form[parameter]) throw refuse(900144, { parameter });
  }
  const { username = "", password = "" } = form;
  if (["common", "consumers"].includes(at.segment)) throw refuse(9001023);
  const found = checkPassword(state.directory, { username, password }, at.tenant?.name ?? at.segment);
  // Entra cannot verify the password of a federated user; AD FS does.
  if (at.kind === "entra" && state.directory.realmOf(username)?.federation !== undefined) throw refuse(50126);
  return respondToUser(state, request, {
    signIn: { ...found, sessionId: randomUUID(), authTime: state.clock.seconds() },
    scope: form["scope"],
    claims: form["claims"],
    withAuthTime: false,
  });
};
