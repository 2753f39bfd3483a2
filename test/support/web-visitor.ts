import {
  createMemoryWebStore,
  createWebSignIn,
  type WebSignIn,
  type WebSignInOptions,
  type WebStore,
} from "@tessera/web";
import type { FakeProvider } from "./fake-provider.js";

/** Where the site of the tests is. */
export const site = "https://orders.example";
export const secret = "the-secret-of-the-sessions-0123456789";

/** One process of a website at the scripted provider. */
export function siteAt(
  provider: FakeProvider,
  over: Partial<WebSignInOptions> & { readonly store?: WebStore | undefined } = {},
): WebSignIn {
  const { store, session, ...options } = over;
  return createWebSignIn({
    app: provider.confidential(),
    baseUrl: site,
    scopes: ["openid", "api:read"],
    clock: provider.clock,
    session: session ?? { secrets: [secret], ...(store ? { store } : {}) },
    ...options,
  });
}

/** A store of the test's own clock. */
export function storeAt({ clock }: FakeProvider): Required<WebStore> {
  return createMemoryWebStore(clock);
}

export interface Visit {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  /** Laid over what a browser sends for a page; `undefined` takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Another process of the site. */
  readonly at?: WebSignIn;
}

/** A browser with a cookie jar, which asks for pages. */
export interface Visitor {
  readonly cookies: Map<string, string>;
  /** `Set-Cookie` headers of the last answer. */
  readonly lastCookies: () => readonly string[];
  request(path: string, visit?: Visit): Request;
  /** Asks for a path, at the sign-in first, and otherwise gets a page that says who the user is. */
  visit(path: string, visit?: Visit): Promise<Response>;
  /** Begins a sign-in. Returns the parameters of the authorization request. */
  begin(path?: string, visit?: Visit): Promise<URLSearchParams>;
  /** Comes back from the provider. */
  answer(asked: URLSearchParams, visit?: Answer): Promise<Response>;
  /** Both. */
  signIn(visit?: Answer): Promise<Response>;
}

/** What the provider says of the user. */
export interface Answer extends Visit {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly tokens?: Readonly<Record<string, unknown>>;
  /** Parameters beside code and state. */
  readonly parameters?: Readonly<Record<string, string>>;
}

const PAGE = {
  accept: "text/html",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "sec-fetch-site": "same-origin",
};

/** A page of the site for everything that is not the sign-in's. */
async function serve(web: WebSignIn, request: Request): Promise<Response> {
  const response = await web.handle(request);
  if (response) return response;
  const user = await web.user(request);
  return web.renew(request, new Response(user ? `Hello ${user.subject}` : "Welcome"));
}

export function visitorOf(web: WebSignIn, provider: FakeProvider): Visitor {
  const cookies = new Map<string, string>();
  let last: readonly string[] = [];
  const visitor: Visitor = {
    cookies,
    lastCookies: () => last,
    request(path, { method = "GET", form, headers = {} } = {}) {
      const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
      const sent = Object.entries({ ...PAGE, ...(cookie ? { cookie } : {}), ...headers }).flatMap(
        ([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]),
      );
      return new Request(new URL(path, site), {
        method,
        headers: sent,
        ...(form ? { body: new URLSearchParams(form) } : {}),
      });
    },
    async visit(path, visit = {}) {
      const response = await serve(visit.at ?? web, visitor.request(path, visit));
      last = response.headers.getSetCookie();
      for (const cookie of last) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (/Max-Age=0\b/.test(cookie)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    },
    async begin(path = "/auth/sign-in", visit = {}) {
      const response = await visitor.visit(path, visit);
      return new URL(response.headers.get("location") ?? "about:blank").searchParams;
    },
    async answer(asked, { claims, tokens, parameters, ...visit } = {}) {
      const nonce = asked.get("nonce") ?? "";
      provider.answers.token = ({ form }) => ({
        body: provider.tokens(
          { access_token: `token of ${form["grant_type"] ?? ""}`, ...tokens },
          { claims: { nonce: form["grant_type"] === "refresh_token" ? undefined : nonce, ...claims } },
        ),
      });
      const query = new URLSearchParams({ code: "the-code", state: asked.get("state") ?? "", ...parameters });
      return visitor.visit(`/auth/callback?${query.toString()}`, {
        ...visit,
        headers: { "sec-fetch-site": "cross-site", ...visit.headers },
      });
    },
    async signIn(visit = {}) {
      return visitor.answer(await visitor.begin(), visit);
    },
  };
  return visitor;
}
