/** The answer to one request: a JSON body, another text, or how to make it from the fields of the form that was sent. */
export type Answer = object | string | ((form: Readonly<Record<string, string>>) => object | Promise<object>);

/** What an identity provider answers, by `GET {url}` or `POST {url}`, the URL without its query. */
export type Script = Readonly<Record<string, Answer>>;

export interface ScriptedRequest {
  /** `GET {url}` or `POST {url}`. */
  readonly line: string;
  readonly form: Readonly<Record<string, string>>;
}

interface ScriptedResponse<T> {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: T;
}

/** Has the shape of MSAL's `INetworkModule`, and of nothing else of any library: goes into `system.networkClient`. */
export interface ScriptedNetwork {
  /** What came in, oldest first. */
  readonly requests: readonly ScriptedRequest[];
  sendGetRequestAsync<T>(url: string): Promise<ScriptedResponse<T>>;
  sendPostRequestAsync<T>(url: string, options?: { readonly body?: string }): Promise<ScriptedResponse<T>>;
}

/**
 * A network on which one identity provider answers from a table.
 *
 * @throws when something is asked that the table does not list, so that no test passes by asking elsewhere
 */
export function scriptedNetwork(script: Script): ScriptedNetwork {
  const requests: ScriptedRequest[] = [];
  const send = async <T>(method: "GET" | "POST", url: string, body = ""): Promise<ScriptedResponse<T>> => {
    const line = `${method} ${url.split("?", 1)[0] ?? ""}`;
    const form = Object.fromEntries(new URLSearchParams(body));
    requests.push({ line, form });
    const answer = script[line];
    if (answer === undefined) throw new Error(`The script has no answer to ${line}`);
    const made = typeof answer === "function" ? await answer(form) : answer;
    // A copy: what one library does to a body must not reach the other.
    return { status: 200, headers: { "content-type": "application/json" }, body: structuredClone(made) as T };
  };
  return {
    requests,
    sendGetRequestAsync: (url) => send("GET", url),
    sendPostRequestAsync: (url, options) => send("POST", url, options?.body),
  };
}
