import { page, withNoStore } from "./pages.js";
import type { Site } from "./site.js";
import type { WebSignInProblem } from "./web-sign-in-problem.js";

/** Answers with the page of a problem, the site's own if it has one. */
export async function problemPage(
  site: Site,
  request: Request,
  problem: Omit<WebSignInProblem, "homeUrl" | "signInUrl"> & { readonly signInUrl?: string },
): Promise<Response> {
  const homeUrl = site.baseUrl.href;
  const signInUrl = problem.signInUrl ?? `${site.baseUrl.origin}${site.paths.signIn}`;
  const whole: WebSignInProblem = { ...problem, homeUrl, signInUrl };
  const own = await site.errorPage?.(whole, request);
  if (own) return withNoStore(own);
  const [title, text] = textOf(problem.code);
  return page(problem.status, title, [
    { text },
    { text: `(${problem.code})` },
    { link: "Sign in again", to: signInUrl },
    { link: "Back to the site", to: homeUrl },
  ]);
}

function textOf(code: string): readonly [title: string, text: string] {
  switch (code) {
    case "access_denied":
      return ["Nobody was signed in", "The sign-in was cancelled, or is not allowed."];
    case "sign_in_out_of_date":
      return [
        "This sign-in is out of date",
        "It has taken too long, was completed before, or was begun elsewhere.",
      ];
    case "store_unavailable":
      return ["That did not work", "The site cannot reach its sessions now. Please try again in a moment."];
    default:
      return ["The sign-in did not work", "Please try again."];
  }
}
