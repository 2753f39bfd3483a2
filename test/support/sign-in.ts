import { createBrowser, type Browser, type Form, type Page } from "./browser.js";

export interface SignInOptions {
  readonly username: string;
  readonly password: string;
  /** What to answer when asked for consent. Default `accept`. */
  readonly consent?: "accept" | "cancel";
  /** PEM of the certificate authority to trust. */
  readonly ca?: string;
  /** To come back with the cookies of an earlier visit. */
  readonly browser?: Browser;
}

/**
 * Does over HTTP what a user does in a browser: opens the authorization URL, types account and password, agrees.
 * Knows no provider: it fills in whatever form asks for a password, and sends on whatever form does not.
 *
 * @returns where the provider sends the browser in the end, with `code` or `error`; the fields of a `form_post` answer
 * are put into the query
 * @throws when a page shows an error, or asks for something else
 */
export async function signIn(authorizeUrl: string, options: SignInOptions): Promise<URL> {
  const redirectUri = new URL(authorizeUrl).searchParams.get("redirect_uri");
  const isReturn = (url: string) =>
    redirectUri === null ? new URL(url).origin !== new URL(authorizeUrl).origin : url.startsWith(redirectUri);
  const browser = options.browser ?? createBrowser({ ca: options.ca });
  let page = await browser.open(authorizeUrl, isReturn);
  let typed = false;
  for (let step = 0; step < 10; step += 1) {
    if (page.left) return new URL(page.url);
    const form = page.forms[0];
    if (form === undefined || page.alert !== undefined) break;
    if (isReturn(form.action)) return withFields(form);
    const passwordField = form.fields.find((field) => field.type === "password");
    if (passwordField !== undefined) {
      if (typed) break;
      typed = true;
      page = await browser.submit(form, credentials(form, passwordField.name, options), isReturn);
    } else {
      page = await decide(browser, page, form, options.consent ?? "accept", isReturn);
    }
  }
  if (page.left) return new URL(page.url);
  throw new Error(
    `The sign-in stopped at ${page.url} (HTTP ${page.status}): ${page.alert ?? page.text.slice(0, 500)}`,
  );
}

function credentials(
  form: Form,
  passwordName: string,
  { username, password }: SignInOptions,
): Record<string, string> {
  const account = form.fields.find((field) => ["text", "email"].includes(field.type));
  return { [passwordName]: password, ...(account === undefined ? {} : { [account.name]: username }) };
}

function decide(
  browser: Browser,
  page: Page,
  form: Form,
  decision: "accept" | "cancel",
  isReturn: (url: string) => boolean,
): Promise<Page> {
  const isCancel = (text: string) => /cancel|abort|deny|decline/i.test(text);
  const button = form.buttons.find(
    ({ text, value }) => isCancel(`${text} ${value}`) === (decision === "cancel"),
  );
  if (decision === "accept" || button !== undefined) {
    return browser.submit(form, button?.name ? { [button.name]: button.value } : {}, isReturn);
  }
  const link = page.links.find(({ text, href }) => isCancel(`${text} ${href}`));
  if (link === undefined) throw new Error(`There is no way to cancel on ${page.url}`);
  return browser.open(link.href, isReturn);
}

function withFields(form: Form): URL {
  const url = new URL(form.action);
  for (const { name, value } of form.fields) url.searchParams.set(name, value);
  return url;
}
