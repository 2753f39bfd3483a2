import type { Observer } from "../observer.js";
import type { HostLog } from "./host-log.js";
import type { HttpClient, HttpRequest, HttpResponse } from "./http-client.js";

/** Notes the outcome of every request that an HTTP client sends, repeated ones as well. */
export function watchedHttp(
  http: HttpClient,
  { hosts, observer }: { readonly hosts: HostLog; readonly observer: () => Observer | undefined },
): HttpClient {
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    try {
      const response = await http.send(request);
      hosts.note(request.url, response.status, request.correlationId);
      return response;
    } catch (error) {
      // A caller that leaves says nothing about the host. A deadline does.
      if (!request.signal.aborted || isTimeout(request.signal.reason))
        hosts.note(request.url, error, request.correlationId);
      throw error;
    }
  };
  return {
    send(request) {
      const watching = observer();
      return watching ? watching.request(request, () => send(request)) : send(request);
    },
  };
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "TimeoutError";
}
