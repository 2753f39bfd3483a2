import { request } from "undici";
import { signIn } from "./sign-in.js";

export interface InteractiveUser {
  /** To be given to the application: the user signs in over HTTP, and reads the last page. */
  readonly openBrowser: (url: string) => Promise<void>;
  /** The authorization requests so far. */
  readonly visits: readonly URL[];
  /** The last pages the user saw. */
  readonly pages: readonly string[];
}

/** A user at a browser without scripts, whose answer comes to the application's own server as a form. */
export function interactiveUser(options: {
  readonly username: string;
  readonly password: string;
  readonly ca: string;
  /** The user declines at the first visits, so many times. */
  readonly declines?: number;
}): InteractiveUser {
  const visits: URL[] = [];
  const pages: string[] = [];
  const openBrowser = async (url: string): Promise<void> => {
    visits.push(new URL(url));
    const { searchParams } = new URL(url);
    const redirectUri = searchParams.get("redirect_uri") ?? "";
    const declined = visits.length <= (options.declines ?? 0);
    const form = declined
      ? new URLSearchParams({ error: "access_denied", state: searchParams.get("state") ?? "" })
      : (await signIn(url, options)).searchParams;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const response = await request(redirectUri, { method: "POST", headers, body: form.toString() });
    pages.push(await response.body.text());
  };
  return { openBrowser, visits, pages };
}
