import { Agent, request } from "undici";

/** The least a browser is: cookies, redirects, forms. No script runs in it. */
export interface Browser {
  /** @param isReturn where to stop following redirects; the page is then `left` */
  open(url: string, isReturn?: (url: string) => boolean): Promise<Page>;
  /** Sends a form with its own values, over which `values` are laid. */
  submit(
    form: Form,
    values: Readonly<Record<string, string>>,
    isReturn?: (url: string) => boolean,
  ): Promise<Page>;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  /** `true`: the browser was sent away from the provider, and nothing was loaded. */
  readonly left: boolean;
  readonly html: string;
  readonly text: string;
  readonly forms: readonly Form[];
  readonly links: readonly { readonly href: string; readonly text: string }[];
  /** What the page announces as an error. */
  readonly alert?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Form {
  /** Absolute. */
  readonly action: string;
  readonly method: "GET" | "POST";
  readonly fields: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  readonly buttons: readonly { readonly name: string; readonly value: string; readonly text: string }[];
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
}

/** @param ca PEM of the certificate authority to trust */
export function createBrowser({ ca }: { readonly ca?: string } = {}): Browser {
  // Without keep-alive there is nothing to close afterwards.
  const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
  const cookies = new Map<string, Cookie>();

  const go = async (
    start: string,
    isReturn: (url: string) => boolean = () => false,
    posted?: URLSearchParams,
  ): Promise<Page> => {
    let url = start;
    let body = posted?.toString();
    for (let hops = 0; hops < 10; hops += 1) {
      const response = await request(url, {
        dispatcher,
        method: body === undefined ? "GET" : "POST",
        body,
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
          cookie: cookieHeader(cookies.values(), new URL(url)),
          accept: "text/html",
        },
      });
      for (const line of [response.headers["set-cookie"] ?? []].flat()) keep(cookies, line, new URL(url));
      const html = await response.body.text();
      const location = [response.headers.location ?? []].flat()[0];
      if (response.statusCode < 300 || response.statusCode >= 400 || location === undefined) {
        return readPage(url, response.statusCode, html, response.headers);
      }
      url = new URL(location, url).href;
      body = undefined;
      if (isReturn(url)) return { ...readPage(url, response.statusCode, "", response.headers), left: true };
    }
    throw new Error(`More than 10 redirects from ${start}`);
  };

  return {
    open: (url, isReturn) => go(url, isReturn),
    submit: (form, values, isReturn) => {
      const own = Object.fromEntries(form.fields.map(({ name, value }) => [name, value]));
      const fields = new URLSearchParams({ ...own, ...values });
      return form.method === "POST"
        ? go(form.action, isReturn, fields)
        : go(`${form.action}?${fields.toString()}`, isReturn);
    },
  };
}

/** RFC 6265 §5.3, as far as a provider on localhost needs it. */
function keep(cookies: Map<string, Cookie>, line: string, url: URL): void {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const equals = pair.indexOf("=");
  const attribute = (wanted: string) =>
    attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const cookie = {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    host: url.hostname,
    path: attribute("path") ?? "/",
  };
  const expires = attribute("expires");
  const gone = attribute("max-age") === "0" || (expires !== undefined && Date.parse(expires) < Date.now());
  const key = JSON.stringify([cookie.host, cookie.path, cookie.name]);
  if (gone) cookies.delete(key);
  else cookies.set(key, cookie);
}

function cookieHeader(cookies: Iterable<Cookie>, url: URL): string {
  const matches = ({ host, path }: Cookie) =>
    host === url.hostname &&
    (url.pathname === path || url.pathname.startsWith(path.endsWith("/") ? path : `${path}/`));
  return [...cookies]
    .filter(matches)
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");
}

function readPage(url: string, status: number, html: string, headers: Page["headers"]): Page {
  const visible = html.replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, "");
  const alert = /<(\w+)[^>]*role="alert"[^>]*>([\s\S]*?)<\/\1>/i.exec(visible)?.[2];
  return {
    url,
    status,
    left: false,
    html,
    text: plainText(visible),
    headers,
    forms: [...visible.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, tag = "", content = ""]) => ({
      action: new URL(attributesOf(tag)["action"] ?? "", url).href,
      method: attributesOf(tag)["method"]?.toUpperCase() === "POST" ? "POST" : "GET",
      fields: [...content.matchAll(/<input\b([^>]*)>/gi)]
        .map(([, input = ""]) => attributesOf(input))
        .filter(({ name, type }) => name !== undefined && type !== "submit")
        .map(({ name = "", type = "text", value = "" }) => ({ name, type, value })),
      buttons: [...content.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)].map(
        ([, button = "", label = ""]) => {
          const { name = "", value = "" } = attributesOf(button);
          return { name, value, text: plainText(label) };
        },
      ),
    })),
    links: [...visible.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].map(([, tag = "", label = ""]) => ({
      href: new URL(attributesOf(tag)["href"] ?? "", url).href,
      text: plainText(label),
    })),
    ...(alert === undefined ? {} : { alert: plainText(alert) }),
  };
}

function attributesOf(tag: string): Record<string, string> {
  const found = [...tag.matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)];
  return Object.fromEntries(
    found.map(([, name = "", a, b, c]) => [name.toLowerCase(), unescape(a ?? b ?? c ?? "")]),
  );
}

function plainText(html: string): string {
  return unescape(html.replace(/<[^>]*>/g, " "))
    .replace(/\s+/g, " ")
    .trim();
}

function unescape(text: string): string {
  const names: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return names[name ?? ""] ?? whole;
    },
  );
}
