import type { AuthenticationResult } from "@tessera/core";
import { wantsNonce } from "@tessera/core/internal";
import type { DpopProofInput } from "../requests.js";
import { authorization, fetchBoundToOrigin, type OriginAnswer } from "./origin-bound-fetch.js";

/** What signs proofs for DPoP tokens. */
export interface Prover {
  createDpopProof?(request: DpopProofInput): Promise<string>;
}

/** A request to an API. */
interface Outgoing {
  readonly request: Request;
  /** The same, to be sent a second time; absent if its body can be read only once. */
  readonly again: Request | undefined;
  /** Options of the caller's `fetch`. */
  readonly init: RequestInit | undefined;
}

/** The last nonce that an API has sent. */
export interface LastNonce {
  origin?: string;
  nonce?: string;
}

/** What sends requests. */
interface Sender {
  readonly prover: Prover;
  readonly fetch: typeof globalThis.fetch;
  /** Kept between requests: an API may send the nonce for the next one with any response. */
  readonly last: LastNonce;
}

/** The response, and the request for a further attempt if it can be repeated. */
interface Sent extends OriginAnswer {
  readonly unused: Request | undefined;
}

/**
 * Sends a request with a token. A DPoP token has a proof of possession beside it (RFC 9449 §7.1). If the API wants its own
 * nonce in the proof (§9), the request is sent once more.
 */
export async function sendWithToken(
  { prover, fetch, last }: Sender,
  { request, again, init }: Outgoing,
  { accessToken, tokenType }: Pick<AuthenticationResult, "accessToken" | "tokenType">,
): Promise<Sent> {
  if (tokenType !== "DPoP") {
    const bearer = ({ headers }: Request): void =>
      headers.set("authorization", authorization("Bearer", accessToken));
    return { ...(await fetchBoundToOrigin(fetch, request, bearer, init)), unused: again };
  }
  const { origin } = new URL(request.url);
  const authorize = async ({ headers, method, url }: Request): Promise<void> => {
    headers.set("authorization", authorization("DPoP", accessToken));
    const nonce = last.origin === origin && last.nonce ? { nonce: last.nonce } : {};
    headers.set("dpop", (await prover.createDpopProof?.({ accessToken, method, url, ...nonce })) ?? "");
  };
  const send = async (one: Request): Promise<OriginAnswer> => {
    const answer = await fetchBoundToOrigin(fetch, one, authorize, init);
    const nonce = answer.isOfOrigin ? answer.response.headers.get("dpop-nonce") : null;
    if (nonce) Object.assign(last, { origin, nonce });
    return answer;
  };
  const answer = await send(request);
  if (!again || !answer.isOfOrigin || !lacksNonce(answer.response)) return { ...answer, unused: again };
  await answer.response.body?.cancel();
  const unused = again.clone();
  return { ...(await send(again)), unused };
}

/** Whether a resource refuses a request only because its proof lacks a nonce, which the response has (RFC 9449 §9). */
export function lacksNonce({ status, headers }: Response): boolean {
  return Boolean(headers.get("dpop-nonce")) && wantsNonce(status, headers.get("www-authenticate"));
}
