import {
  checkFlag,
  checkGuid,
  checkKeys,
  checkString,
  pickDefined,
  LocalAuthorityConfigurationError,
} from "./checks.js";
import type { User } from "./config.js";
import type { UserOptions } from "./config-options.js";
import { guidFrom } from "../crypto/opaque.js";

export function resolveUser(
  field: string,
  options: UserOptions,
  base: User | undefined,
  tenantId: string,
): User {
  checkKeys(field, options, userKeys);
  const username = checkString(`${field}.username`, options.username);
  const user: User = {
    oid: guidFrom(`${tenantId} ${username}`),
    password: `${username.split("@")[0] ?? username}-password`,
    name: username,
    email: username,
    disabled: false,
    ...base,
    ...pickDefined(options),
    username,
  };
  checkGuid(`${field}.oid`, user.oid);
  checkString(`${field}.name`, user.name);
  checkString(`${field}.email`, user.email);
  if (typeof user.password !== "string" || user.password === "") {
    throw new LocalAuthorityConfigurationError(`${field}.password`, user.password, "use a non-empty string");
  }
  checkFlag(`${field}.disabled`, user.disabled);
  if (user.multiFactor !== undefined) checkFlag(`${field}.multiFactor`, user.multiFactor);
  if (user.identityParentId !== undefined) checkString(`${field}.identityParentId`, user.identityParentId);
  return user;
}

const userKeys = [
  "oid",
  "username",
  "password",
  "name",
  "email",
  "disabled",
  "multiFactor",
  "identityParentId",
];
