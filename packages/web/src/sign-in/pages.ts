/** A part of a page: a paragraph, a link, or a button that posts. */
export type PagePart =
  | { readonly text: string }
  | { readonly link: string; readonly to: string }
  | { readonly button: string; readonly to: string };

/** Nothing is loaded by these pages, and none is shown in another site's frame, where a click could be stolen. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  // `no-referrer` would hide the origin of the form that signs out.
  "referrer-policy": "same-origin",
};

/** Answers with a page. */
export function page(status: number, title: string, parts: readonly PagePart[]): Response {
  const body = parts.map(htmlOf).join("\n");
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><main><h1>${escaped(title)}</h1>
${body}</main></html>`;
  return withNoStore(new Response(html, { status, headers: PAGE_HEADERS }));
}

/** Sends the browser elsewhere, with GET whatever the request was. */
export function redirect(location: string, cookies: readonly string[] = []): Response {
  const headers = new Headers({ location });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return withNoStore(new Response(null, { status: 303, headers }));
}

/** Answers a script, or a server. */
export function json(
  status: number,
  content: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return withNoStore(Response.json(content, { status, headers }));
}

/** Returns a response that neither browsers nor proxies keep, with cookies added. */
export function withNoStore(response: Response, cookies: readonly string[] = []): Response {
  // The headers of a redirect and of a fetched response cannot be changed.
  const headers = new Headers(response.headers);
  headers.set("cache-control", "no-store");
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}

function htmlOf(part: PagePart): string {
  if ("text" in part) return `<p>${escaped(part.text)}</p>`;
  if ("link" in part) return `<p><a href="${escaped(part.to)}">${escaped(part.link)}</a></p>`;
  return `<form method="post" action="${escaped(part.to)}"><button>${escaped(part.button)}</button></form>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
