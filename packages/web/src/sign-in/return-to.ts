import type { Site } from "./site.js";

/** Longer addresses are not returned to: they would have to fit into a cookie. */
const LONGEST_ADDRESS = 1024;

/**
 * Returns the page of the site to return to after a sign-in, as an absolute URL of the site's own origin; its start page for
 * anything else. The URL is parsed as browsers parse it, and written anew from its parts, so that no spelling leads elsewhere.
 */
export function returnAddress(site: Site, asked: string | null | undefined): string {
  const { baseUrl, paths } = site;
  if (!asked || asked.length > LONGEST_ADDRESS) return baseUrl.href;
  let url: URL;
  try {
    url = new URL(asked, baseUrl);
  } catch {
    return baseUrl.href;
  }
  // The routes of the sign-in itself would begin or end one.
  const isOwn = url.origin === baseUrl.origin && !url.pathname.startsWith(`${paths.root}/`);
  return isOwn ? `${baseUrl.origin}${url.pathname}${url.search}${url.hash}` : baseUrl.href;
}

/**
 * Returns the page that a request came from: itself if it is for a page, otherwise the page whose script has sent it. Behind a proxy
 * the URL of a request names the server as the proxy sees it, so only its path counts.
 */
export function pageOf(site: Site, request: Request): string {
  if (!isNavigation(request)) return returnAddress(site, request.headers.get("referer"));
  const { pathname, search } = new URL(request.url);
  return returnAddress(site, site.baseUrl.origin + pathname + search);
}

/**
 * Whether a browser asks for a page, which can be answered with a redirect to the provider. Scripts, frames and posted forms
 * cannot: they would not arrive there, or not come back.
 */
export function isNavigation({ method, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const mode = headers.get("sec-fetch-mode");
  if (mode !== null)
    return mode === "navigate" && (headers.get("sec-fetch-dest") ?? "document") === "document";
  return headers.get("accept")?.includes("text/html") ?? false;
}

/** Whether what comes back is shown to the user as a page, as after a posted form, and not read by a script. */
export function isReadByUser({ headers }: Request): boolean {
  const mode = headers.get("sec-fetch-mode");
  return (mode === null || mode === "navigate") && (headers.get("accept")?.includes("text/html") ?? false);
}

/**
 * Whether a request comes from a page of the site, and not from one of another site in the name of the user. Browsers send
 * `Sec-Fetch-Site` from every page of a site with TLS; before that they sent `Origin`, which a page may hide ("null").
 */
export function isOwnRequest({ baseUrl }: Site, { headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  if (site === null) return origin === baseUrl.origin;
  return site === "same-origin" && (origin === null || origin === "null" || origin === baseUrl.origin);
}
