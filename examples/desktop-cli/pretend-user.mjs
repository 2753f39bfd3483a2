// @ts-check

/**
 * Does over HTTP what a user does in a browser: follows redirects, keeps cookies, types what the forms of the local
 * authority ask for, and agrees. With it the examples can test themselves.
 *
 * @param {string} start where the user begins
 * @param {{ readonly username: string, readonly password: string, readonly userCode?: string }} user
 * @param {{ readonly cookies: Map<string, string>, readonly origin: string }} [browser] its cookies by name, and the website whose
 *   pages end the visit, whatever forms they have
 * @returns {Promise<string>} the last page
 */
export async function pretendUser(
  start,
  { username, password, userCode = "" },
  { cookies, origin } = { cookies: new Map(), origin: "nowhere" },
) {
  /** @type {Record<string, string>} */
  const typed = { username, password, user_code: userCode, decision: "accept" };
  let url = start;
  /** @type {URLSearchParams | undefined} */
  let form;
  for (let page = 0; page < 20; page += 1) {
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      ...(form ? { body: form } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const html = await response.text();
    const location = response.headers.get("location");
    const action = /<form[^>]*\baction="([^"]*)"/.exec(html)?.[1];
    if (!location && (!action || new URL(url).origin === origin)) return html;
    const problem = /role="alert"[^>]*>([^<]*)/.exec(html)?.[1];
    if (problem) throw new Error(`the sign-in stopped at ${url}: ${problem}`);
    url = new URL(location ?? plain(action ?? ""), url).href;
    form = location ? undefined : fields(html, typed);
  }
  throw new Error(`the sign-in does not end: it came to ${url}`);
}

/**
 * @param {string} html
 * @param {Readonly<Record<string, string>>} typed
 */
function fields(html, typed) {
  const form = new URLSearchParams();
  for (const [input = ""] of html.matchAll(/<input\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(input)?.[1];
    if (name) form.set(name, typed[name] || plain(/\bvalue="([^"]*)"/.exec(input)?.[1] ?? ""));
  }
  if (/<button[^>]*\bname="decision"/.test(html)) form.set("decision", typed["decision"] ?? "");
  return form;
}

/** @param {string} text HTML with character references */
function plain(text) {
  return text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
