import type { TokenCredentialOptions } from "@azure/identity";
import { Agent, fetch } from "undici";

/** An HTTP client for `@azure/identity` that trusts one certificate authority: its own cannot be told to. */
export function azureIdentityClient(ca: string): NonNullable<TokenCredentialOptions["httpClient"]> {
  // Without keep-alive there is nothing to close afterwards.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  return {
    async sendRequest(request) {
      const response = await fetch(request.url, {
        dispatcher,
        method: request.method,
        headers: request.headers.toJSON(),
        body: typeof request.body === "string" ? request.body : undefined,
      });
      return {
        request,
        status: response.status,
        headers: request.headers,
        bodyAsText: await response.text(),
      };
    },
  };
}
