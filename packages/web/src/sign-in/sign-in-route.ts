import { isAuthError } from "@tessera/core/internal";
import { problemPage } from "./problem.js";
import { flowCookies, LONGEST_SIGN_IN } from "./flow-cookies.js";
import { redirect } from "./pages.js";
import { returnAddress } from "./return-to.js";
import { noteFlow } from "./session-store.js";
import type { Sessions } from "./sessions.js";
import type { Site } from "./site.js";
import { askedBy, signInUrl, stepOf } from "./step.js";

/** Begins a sign-in: sends the browser to the provider, with a cookie by which its answer is known to be this browser's. */
export async function beginSignIn(site: Site, sessions: Sessions, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const returnTo = returnAddress(site, searchParams.get("returnTo"));
  const step = await stepOf(site, searchParams);
  const { scopes = [], claims, acrValues, maxAge, prompt = site.prompt, loginHint } = step;
  const again = (): Promise<string> => signInUrl(site, { returnTo, step });
  try {
    const flow = await site.app.initiateAuthCodeFlow({
      scopes: [...new Set([...site.scopes, ...scopes])],
      redirectUri: `${site.baseUrl.origin}${site.paths.callback}`,
      responseMode: site.responseMode,
      ...(claims === undefined ? {} : { claims }),
      ...(maxAge === undefined ? {} : { maxAge }),
      ...(prompt === undefined ? {} : { prompt }),
      ...(loginHint ? { loginHint } : {}),
      ...(acrValues === undefined ? {} : { extraQueryParameters: { acr_values: acrValues } }),
    });
    const old = await sessions.read(request);
    const asked = askedBy(step);
    const cookies = await flowCookies(site, request, {
      flow,
      returnTo,
      ...(old ? { replaces: old.session.id } : {}),
      ...(asked === undefined ? {} : { asked }),
    });
    if (!cookies) return await problemPage(site, request, { status: 400, code: "sign_in_too_long" });
    if (site.store) await noteFlow(site.store, flow.state, LONGEST_SIGN_IN);
    return redirect(flow.authUrl, cookies);
  } catch (error) {
    const signInUrl = await again();
    return problemPage(site, request, { status: 502, code: codeOf(error), error, signInUrl });
  }
}

/** Returns the code of an error of the application. Anything else is a fault, and thrown on. */
export function codeOf(error: unknown): string {
  if (isAuthError(error)) return error.errorCode;
  throw error;
}
