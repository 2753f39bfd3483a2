import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

/** The build without windows, where there is one: the same engine, in half the processor time. */
const executablePath = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((path) =>
  existsSync(path),
);

/** Whether Debian's Chromium is on this machine. */
export const hasChromium = executablePath !== undefined;

/** A real browser without a window. One serves a test file; each user gets a profile that nobody has used before. */
export interface Chromium {
  /** A new user at a new browser: no cookies. */
  user(): Promise<ChromiumUser>;
  close(): Promise<void>;
}

export interface ChromiumUser {
  readonly context: BrowserContext;
  readonly page: Page;
  close(): Promise<void>;
}

export async function launchChromium(): Promise<Chromium> {
  const browser: Browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--no-proxy-server",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    user: async () => {
      // The local authority's certificate authority lives as long as the test: the browser is not told to trust it.
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        viewport: { width: 900, height: 640 },
      });
      // Playwright's thirty seconds for each action are short on a busy machine.
      context.setDefaultTimeout(120_000);
      const page = await context.newPage();
      return { context, page, close: () => context.close() };
    },
    close: () => browser.close(),
  };
}

const artifacts = fileURLToPath(new URL("../../.artifacts/", import.meta.url));

/** Keeps a picture of a page as `.artifacts/{name}.png` if `PICTURES=all`: each takes a second, and none is compared. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (process.env["PICTURES"] !== "all") return;
  mkdirSync(artifacts, { recursive: true });
  const picture = () => page.screenshot({ path: `${artifacts}${name}.png` });
  // Chromium now and then has no frame to take yet.
  await picture().catch(picture);
}

/**
 * Does at a sign-in page what a user does: types account and password, presses the button. Knows the pages of the local
 * authority and of `oidc-provider`.
 */
export async function typeCredentials(
  page: Page,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  await page.locator('input[name="username"], input[name="login"]').fill(username);
  await page.locator('input[type="password"]').fill(password);
  await page.locator('button[type="submit"]').first().click();
}
