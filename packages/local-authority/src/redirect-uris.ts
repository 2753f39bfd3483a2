/**
 * Whether a redirect URI is registered: an exact match (RFC 9700 §2.1), except that the port of a loopback address is
 * free (RFC 8252 §7.3) and that a registration ending with `/*` takes every path below it.
 */
export function isRegistered(redirectUri: string, registrations: readonly string[]): boolean {
  if (!URL.canParse(redirectUri) || redirectUri.includes("#")) return false;
  return registrations.some((registration) =>
    registration.endsWith("/*")
      ? (freePort(redirectUri) ?? redirectUri).startsWith(registration.slice(0, -1))
      : redirectUri === registration || matchesLoopback(redirectUri, registration),
  );
}

function matchesLoopback(redirectUri: string, registration: string): boolean {
  const free = freePort(redirectUri);
  return free !== undefined && free === freePort(registration);
}

/** The URI of a loopback address without its port; `undefined` for any other address. */
function freePort(uri: string): string | undefined {
  const url = new URL(uri);
  if (!["localhost", "127.0.0.1", "[::1]"].includes(url.hostname)) return undefined;
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  return `${url.protocol}//${url.hostname}${url.pathname}${url.search}`;
}
