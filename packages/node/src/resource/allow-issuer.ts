import { clientConfigurationError } from "@tessera/core/internal";
import type { IssuerClient } from "./issuer-client.js";
import type { ResourceOptions } from "./options.js";

/** An issuer that a resource has named. */
interface NamedIssuer {
  readonly issuer: string;
  readonly resource: string;
  /** The program's registration there, if it has one. */
  readonly client: IssuerClient | undefined;
  /** Whether a user has signed in there for the resource. */
  readonly isInUse?: boolean;
}

/**
 * Decides whether an issuer is trusted for a resource, before anything is sent to it. A resource may name any server, so the
 * app's own `allowIssuer` decides. By default, an issuer is trusted that a registration names, and otherwise one that gets no
 * secret and whose page the user sees in the browser.
 *
 * @param isRequired whether to throw for an issuer that is not
 * @throws ClientConfigurationError `untrusted_authority`
 * @see RFC 9728 §7.6
 */
export async function allowIssuer(
  options: ResourceOptions,
  { issuer, resource, client, isInUse = false }: NamedIssuer,
  isRequired = false,
): Promise<boolean> {
  const { allowIssuer: allows, grant = "user", openBrowser } = options;
  const isSecret = grant !== "user" || client?.isConfidential === true;
  const isAllowed = allows
    ? isTrue(await allows(issuer, resource))
    : client?.isNamed === true || (!isSecret && (isInUse || openBrowser !== undefined));
  if (isAllowed || !isRequired) return isAllowed;
  const remedy = allows
    ? "allowIssuer has not returned true for it"
    : "name it with client.registered, or decide with allowIssuer";
  throw clientConfigurationError(
    "untrusted_authority",
    `${resource} is protected by ${issuer}, which is not trusted for it: ${remedy}. Nothing has been sent there.`,
  );
}

/** A function without types may return anything, such as the promise of a look-up that found nobody. */
function isTrue(answer: unknown): boolean {
  return answer === true;
}
