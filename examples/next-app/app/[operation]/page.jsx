// @ts-check
import { notFound, redirect } from "next/navigation";
import { pageRequest, site } from "../../site.mjs";

/**
 * Shows what an operation of the API says to the user's token.
 *
 * @param {{ readonly params: Promise<{ readonly operation: string }> }} properties
 */
export default async function Operation({ params }) {
  const { operation } = await params;
  const request = await pageRequest(`/${operation}`);
  const { downstream, askApi } = site();
  if (!downstream.has(operation)) notFound();
  const { text, response } = await askApi(request, `/api/${operation}`);
  // A page cannot send a response. This one leads to the sign-in, which comes back here.
  if (response) redirect(response.headers.get("location") ?? "/");
  return (
    <>
      <p id="api">{text}</p>
      <p>
        <a href="/">Back</a>
      </p>
    </>
  );
}
