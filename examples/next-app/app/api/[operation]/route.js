// @ts-check
import { site } from "../../../site.mjs";

/**
 * An operation of the API: it asks another API on behalf of the caller.
 *
 * @param {Request} request
 * @param {{ readonly params: Promise<{ readonly operation: string }> }} route
 * @returns {Promise<Response>}
 */
export async function GET(request, { params }) {
  const { api, downstream } = site();
  const { caller, response } = await api.check(request);
  if (response) return response;
  const other = downstream.get((await params).operation);
  if (!other) return new Response("Not found", { status: 404 });
  const token = await caller.token({ scopes: other.scopes });
  // The caller's client learns what the user has to do first.
  if (token.response) return token.response;
  return fetch(other.url, { headers: { authorization: `Bearer ${token.accessToken}` } });
}
