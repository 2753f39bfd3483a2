import { site } from "../../../site/web.js";
async function handle(request) {
  console.log("URL", request.url, request.constructor.name);
  return (await site().web.handle(request)) ?? new Response(null, { status: 404 });
}
export { handle as GET, handle as POST };
