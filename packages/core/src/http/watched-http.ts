import { serverOf, type Observer } from "../observer.js";
import { hostIn, type Hosts } from "./hosts.js";
import type { HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import { hasOnlyWaited } from "./retry-policy.js";

/** Notes the outcome of every request that an HTTP client sends, repeated ones as well. */
export function watchedHttp(
  http: HttpClient,
  { hosts, observer }: { readonly hosts: Hosts; readonly observer: () => Observer | undefined },
): HttpClient {
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    try {
      const response = await http.send(request);
      hosts.note(request.url, response.status, request.correlationId);
      if (isPaused(response))
        observer()?.count("throttled", {
          ...serverOf(hostIn(request.url)),
          "error.type": String(response.status),
        });
      return response;
    } catch (error) {
      // A caller that leaves says nothing about the host. A deadline does, once the request has a connection.
      if (!hasOnlyWaited(error) && (!request.signal.aborted || isTimeout(request.signal.reason)))
        hosts.note(request.url, error, request.correlationId);
      throw error;
    }
  };
  return {
    channelBinding: (origin) => http.channelBinding?.(origin),
    send(request) {
      const watching = observer();
      return watching ? watching.request(request, () => send(request)) : send(request);
    },
  };
}

/** Whether a response asks for a pause (RFC 6585 §4, RFC 9110 §10.2.3). */
function isPaused({ status, headers }: HttpResponse): boolean {
  return status === 429 || (status >= 400 && headers["retry-after"] !== undefined);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "TimeoutError";
}
