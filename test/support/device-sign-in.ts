import { createBrowser } from "./browser.js";

export interface DeviceSignIn {
  readonly username: string;
  readonly password: string;
  /** What to answer when asked whether this device is meant. Default `accept`. */
  readonly decision?: "accept" | "cancel";
  /** PEM of the certificate authority to trust. */
  readonly ca?: string;
}

/**
 * Does over HTTP what a user does with a device code: opens the page, types the code, signs in, confirms. Knows no provider.
 *
 * @param verificationUri with the code in it, or without
 * @param userCode `""`: leave what the page has filled in
 * @returns what the last page says
 */
export async function signInOnDevice(
  verificationUri: string,
  userCode: string,
  { username, password, decision = "accept", ca }: DeviceSignIn,
): Promise<string> {
  const browser = createBrowser({ ca });
  let page = await browser.open(verificationUri);
  for (let step = 0; step < 10; step += 1) {
    const form = page.forms[0];
    if (!form) return page.text;
    if (page.alert !== undefined) throw new Error(`The page says: ${page.alert}`);
    const values: Record<string, string> = {};
    for (const { name, type, value } of form.fields) {
      if (name === "user_code") values[name] = userCode || value;
      else if (type === "password") values[name] = password;
      else if (["text", "email"].includes(type)) values[name] = username;
    }
    const isCancel = ({ text, value }: { readonly text: string; readonly value: string }): boolean =>
      /cancel|abort|deny|decline/i.test(`${text} ${value}`);
    const isFirst = form.fields.some(({ name }) => name in values && name !== "xsrf");
    const button = form.buttons.find((one) => isCancel(one) === (decision === "cancel" && !isFirst));
    page = await browser.submit(form, {
      ...values,
      ...(button?.name ? { [button.name]: button.value } : {}),
    });
  }
  throw new Error(`The sign-in stopped at ${page.url}: ${page.text.slice(0, 500)}`);
}
