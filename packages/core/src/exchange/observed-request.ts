import { errorType } from "../errors/error-name.js";
import { isBackground } from "../flight/background.js";
import type { HttpResponse } from "../http/http-client.js";
import { observed, serverOf, type Facts, type Observer, type Tell } from "../observer.js";
import type { Miss } from "../request/miss.js";
import { answerBody } from "../http/answer-body.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/** Sends a token request as a step of its own. Counts renewals, and calls that accept no cached token. */
export function observedRequest(
  { client, authority, call }: Exchange,
  { parameters, miss = "uncached" }: Grant,
  send: () => Promise<HttpResponse>,
): Promise<HttpResponse> {
  const observer = client.observer();
  if (!observer) return send();
  const facts = { ...serverOf(authority.url.host), "tessera.grant_type": parameters.get("grant_type") };
  return observedGrant(observer, { miss, signal: call.signal }, facts, async (tell) => {
    const response = await send();
    if (response.status >= 400) tell({ "error.type": errorIn(response) });
    return response;
  });
}

/** The same for tokens that do not come from the token endpoint. */
export function observedSource<T>(
  { client, call }: Exchange,
  { miss = "uncached" }: Grant,
  ask: () => Promise<T>,
): Promise<T> {
  const observer = client.observer();
  return observer ? observedGrant(observer, { miss, signal: call.signal }, {}, ask) : ask();
}

async function observedGrant<T>(
  observer: Observer,
  { miss, signal }: { readonly miss: Miss; readonly signal: AbortSignal | undefined },
  facts: Facts,
  run: (tell: Tell) => Promise<T>,
): Promise<T> {
  const reason = { "tessera.cache.miss_reason": miss };
  if (miss === "forced") observer.count("miss", reason);
  let outcome: Facts = {};
  try {
    return await observed(observer, "token_request", { ...facts, ...reason }, (tell) =>
      run((more) => {
        outcome = { "error.type": more["error.type"] };
        tell(more);
      }),
    );
  } catch (error) {
    outcome = { "error.type": errorType(error) };
    throw error;
  } finally {
    if (miss === "due" || miss === "expired")
      observer.count("renewal", { "tessera.renewal.in_background": isBackground(signal), ...outcome });
  }
}

/** Codes as RFC 6749 §5.2 has them. Any other text may quote something. */
const CODE = /^[a-z_]{1,40}$/;

function errorIn(response: HttpResponse): string {
  const error = answerBody(response)?.["error"];
  return typeof error === "string" && CODE.test(error) ? error : String(response.status);
}
