import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { AuthenticationResult, InteractiveRequest, PublicClientApplication } from "@tessera/node";
import { request } from "undici";
import type { Entra } from "./entra.js";
import { signIn } from "./sign-in.js";

/** A sign-in whose user is at the identity provider. */
export interface WaitingSignIn {
  readonly authUrl: string;
  readonly state: string;
  /** Where the application waits for the answer. */
  readonly origin: string;
  readonly port: number;
  readonly result: Promise<AuthenticationResult>;
  /** Does what the user's browser does when the user has signed in. @returns the last page */
  complete(over?: Readonly<Record<string, string>>): Promise<Page>;
}

export interface Page {
  readonly status: number;
  readonly html: string;
}

const alice = { username: "alice@contoso.example", password: "alice-password" };

/** Starts an interactive sign-in, and waits until the browser would open. */
export async function beginSignIn(
  entra: Entra,
  over: Partial<InteractiveRequest> = {},
  app: PublicClientApplication = entra.publicClient(),
): Promise<WaitingSignIn> {
  let result: Promise<AuthenticationResult> | undefined;
  const authUrl = await new Promise<string>((resolve, reject) => {
    const openBrowser = async (url: string): Promise<void> => resolve(url);
    const scopes = ["https://graph.microsoft.com/User.Read"];
    result = app.acquireTokenInteractive({ scopes, openBrowser, ...over });
    result.catch(reject);
  });
  const { searchParams } = new URL(authUrl);
  const redirectUri = searchParams.get("redirect_uri") ?? "";
  return {
    authUrl,
    state: searchParams.get("state") ?? "",
    origin: new URL(redirectUri).origin,
    port: Number(new URL(redirectUri).port),
    result: result as Promise<AuthenticationResult>,
    complete: async (fields = {}) => {
      const back = await signIn(authUrl, { ...alice, ca: entra.authority.caPem });
      for (const [name, value] of Object.entries(fields)) back.searchParams.set(name, value);
      return post(redirectUri, back.searchParams.toString());
    },
  };
}

/** Posts a form, as the identity provider's page makes the browser do. */
export async function post(
  url: string,
  body: string,
  type = "application/x-www-form-urlencoded",
): Promise<Page> {
  const headers = type === "" ? {} : { "content-type": type };
  const response = await request(url, { method: "POST", headers, body });
  return { status: response.statusCode, html: await response.body.text() };
}

/** Sends a request without a body. @returns the status */
export async function visit(
  url: string,
  method: "GET" | "HEAD" | "PUT" | "OPTIONS" = "GET",
): Promise<number> {
  const { statusCode, body } = await request(url, { method });
  await body.dump();
  return statusCode;
}

/** A raw connection, opened; what becomes of it does not matter. */
export async function tcp(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}
