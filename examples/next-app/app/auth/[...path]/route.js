// @ts-check
import { site } from "../../../site.mjs";

/**
 * The routes of the sign-in.
 *
 * @param {Request} request
 */
async function handle(request) {
  return (await site().web.handle(request)) ?? new Response("Not found", { status: 404 });
}
export { handle as GET, handle as POST };
