// @ts-check
/**
 * Calls the API as several clients do, if the user's token can be had without a browser.
 *
 * @param {string} origin
 * @param {typeof import("./setup.mjs").setup} setup
 */
export async function demonstrate(origin, { userToken, tokenRequests }) {
  if (!userToken) return;
  const token = await userToken();
  await call("without a token", {});
  await call("with a token that is none", { authorization: "Bearer no.token.atall" });
  await call("with Alice's token", { authorization: `Bearer ${token}` });
  await call("with the same again", { authorization: `Bearer ${token}` });

  /**
   * @param {string} what
   * @param {Record<string, string>} headers
   */
  async function call(what, headers) {
    const before = tokenRequests();
    const response = await fetch(`${origin}/orders`, { headers });
    const body = await response.text();
    const requests = tokenRequests() - before;
    console.log(`${what}: HTTP ${response.status} ${body} (${requests} token requests)`);
  }
}
