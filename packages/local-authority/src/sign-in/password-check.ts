import { canSignIn } from "../config/config.js";
import type { Directory, SignedInUser } from "../directory.js";
import { refuse } from "../errors/errors.js";

/** Verifies a user's password. @throws {AadstsError} 50034, 50126, 50057, 50055 */
export function checkPassword(
  directory: Directory,
  { username, password }: { readonly username: string; readonly password: string },
  tenant: string,
): SignedInUser {
  const found = directory.userByName(username);
  if (found === undefined) throw refuse(50034, { username, tenant });
  if (!canSignIn(found.user) || found.user.password !== password) throw refuse(50126);
  if (directory.isDisabled(found.user)) throw refuse(50057);
  if (directory.isPasswordExpired(found.user)) throw refuse(50055);
  return found;
}
