import { request } from "undici";
import { signIn } from "./sign-in.js";

/** A user of `oidc-provider` at a browser without scripts. */
export interface ResourceUser {
  readonly openBrowser: (url: string) => Promise<void>;
  /** The authorization requests so far. */
  readonly visits: URL[];
}

/** @param change changes the address to which the provider sends the browser back */
export function interactiveUserOf(
  username = "alice",
  change: (back: URL) => void = () => undefined,
): ResourceUser {
  const visits: URL[] = [];
  return {
    visits,
    async openBrowser(url) {
      visits.push(new URL(url));
      const back = await signIn(url, { username, password: "any" });
      change(back);
      if (new URL(url).searchParams.get("response_mode") !== "form_post") {
        await (await request(back)).body.dump();
        return;
      }
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const body = back.searchParams.toString();
      await (await request(`${back.origin}${back.pathname}`, { method: "POST", headers, body })).body.dump();
    },
  };
}
