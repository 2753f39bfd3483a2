import type { RequestContext } from "../http/request-context.js";
import { homePage } from "../pages/home.js";
import { pageHeaders } from "../pages/layout.js";
import type { AuthorityState } from "../state.js";

/** The address of the authority itself, which people open in a browser. Programs get the list of endpoints instead. */
export function home(c: RequestContext, { url, config }: AuthorityState): Response | Promise<Response> {
  const isForPerson = c.req.header("accept")?.includes("text/html") ?? false;
  return isForPerson ? c.html(homePage(url, config), 200, pageHeaders()) : c.notFound();
}
