/**
 * Returns the name of a Kerberos principal if it may be a user principal name: a name without instance in a realm that is a
 * DNS domain. The realm, in capitals by convention, is returned in lower case.
 */
export function userPrincipalName(principal: string): string | undefined {
  const at = principal.lastIndexOf("@");
  const [name, realm] = [principal.slice(0, at), principal.slice(at + 1)];
  const isUser = at > 0 && !/[/@\\\s]/.test(name) && /^[\w-]+(\.[\w-]+)+$/.test(realm);
  return isUser ? `${name}@${realm.toLowerCase()}` : undefined;
}
