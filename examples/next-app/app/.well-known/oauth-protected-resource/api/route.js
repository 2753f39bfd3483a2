// @ts-check
import { site } from "../../../../site.mjs";

/**
 * What the API says of itself: to everybody, without a token.
 *
 * @param {Request} request
 */
async function handle(request) {
  return (await site().api.handle(request)) ?? new Response("Not found", { status: 404 });
}
export { handle as GET, handle as OPTIONS };
