import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { gate } from "../support/gate.js";

/** What happens when a refresh token is used a second time. `revoke`: the whole family of it is revoked (RFC 9700 §4.14.2). */
export type Reuse = "revoke" | "refuse" | "allow";

export interface StrictOptions {
  readonly reuse?: Reuse;
  /** Milliseconds that every answer takes, as over a network. */
  readonly latencyMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Whether tokens are as long as those of Entra. Otherwise they are short. */
  readonly longTokens?: boolean;
  /** Seconds. */
  readonly accessToken?: number;
  readonly refreshToken?: number;
}

/** A grant that was redeemed: `family` is the sign-in of a refresh token, or the assertion of an on-behalf-of call. */
export interface Redeemed {
  readonly grant: "sign_in" | "refresh" | "on_behalf_of";
  readonly user: string;
  readonly family: string;
}

/** A token request that waits. */
export interface HeldRequest {
  /** It has come in; whose it is. */
  readonly arrived: Promise<string>;
  /** Lets it be answered. */
  release(): void;
}

/**
 * An identity provider that speaks Entra's protocol, rotates refresh tokens, and revokes the family of one that is used
 * twice. It signs nothing, so the work of a test is that of the processes that share a cache. An access token says whose it
 * is: `{user}/{family}/{number}`.
 */
export interface StrictAuthority {
  readonly url: string;
  reuse: Reuse;
  readonly auth: (clientId: string) => {
    readonly clientId: string;
    readonly authority: string;
    readonly knownAuthorities: string[];
  };
  homeAccountId(user: string): string;
  /** A code with which the user signs in once. */
  code(user: string): string;
  /** An access token with which an API is called; calls in the same hour have the same. */
  assertion(user: string, hour: number): string;
  /** What was redeemed since the last time, oldest first. */
  taken(): readonly Redeemed[];
  /** Every refusal, such as `invalid_grant: used twice`, with whose it was. */
  readonly refusals: string[];
  /** Settles when so many more grants have been redeemed: traffic is in full swing then. */
  redeems(count: number): Promise<void>;
  /** Holds the next request with a refresh token, after it has been redeemed and before it is answered. */
  hold(): HeldRequest;
  close(): Promise<void>;
}

const TENANT = "7e55e4a0-0000-4000-8000-000000000001";

interface Family {
  readonly id: string;
  readonly user: string;
  revoked: boolean;
}

type Form = Readonly<Record<string, string>>;

class Refusal extends Error {}

export async function startStrictAuthority(options: StrictOptions = {}): Promise<StrictAuthority> {
  const { now = Date.now, accessToken = 3600, latencyMs = 0 } = options;
  const refreshTokens = new Map<string, { readonly family: Family; used: boolean }>();
  const codes = new Map<string, string>();
  const refusals: string[] = [];
  let redeemed: Redeemed[] = [];
  let serial = 0;
  let held: (HeldRequest & { pass(user: string): Promise<void> }) | undefined;
  let counting: { left: number; readonly done: () => void } | undefined;

  const server = createServer((request, response) => {
    // Clients compare its clock with their own.
    response.setHeader("date", new Date(now()).toUTCString());
    void answer(request, response);
  });
  // However busy the machine is.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}/${TENANT}`;

  const filler = (length: number): string =>
    options.longTokens ? randomBytes(length).toString("base64url").slice(0, length) : "";

  const tokens = (grant: Redeemed["grant"], family: Family, clientId: string): object => {
    redeemed.push({ grant, user: family.user, family: family.id });
    if (counting && (counting.left -= 1) === 0) counting.done();
    const refreshToken = `rt.${randomUUID()}${filler(1600)}`;
    const rotates = grant !== "on_behalf_of";
    if (rotates) refreshTokens.set(refreshToken, { family, used: false });
    const seconds = Math.floor(now() / 1000);
    return {
      token_type: "Bearer",
      scope: "Orders.Read openid profile offline_access",
      expires_in: accessToken,
      access_token: `${family.user}/${family.id}/${(serial += 1)}${filler(2000)}`,
      ...(rotates ? { refresh_token: refreshToken, refresh_token_expires_in: options.refreshToken } : {}),
      id_token: jwt({
        iss: `${url}/v2.0`,
        aud: clientId,
        iat: seconds,
        nbf: seconds,
        exp: seconds + 3600,
        sub: family.user,
        oid: oid(family.user),
        tid: TENANT,
        preferred_username: `${family.user}@contoso.example`,
        name: family.user,
        groups: filler(300),
      }),
      client_info: base64({ uid: oid(family.user), utid: TENANT }),
    };
  };

  const redeem = (form: Form): object => {
    const clientId = form["client_id"] ?? "";
    switch (form["grant_type"] ?? "") {
      case "authorization_code": {
        const user = codes.get(form["code"] ?? "");
        if (!codes.delete(form["code"] ?? "") || user === undefined) throw new Refusal("an unknown code");
        return tokens("sign_in", { id: randomUUID(), user, revoked: false }, clientId);
      }
      case "refresh_token": {
        const found = refreshTokens.get(form["refresh_token"] ?? "");
        if (!found) throw new Refusal("an unknown refresh token");
        const { family } = found;
        if (family.revoked) throw new Refusal(`${family.user}: of a revoked family`);
        if (found.used && authority.reuse !== "allow") {
          family.revoked = authority.reuse === "revoke";
          throw new Refusal(`${family.user}: used twice`);
        }
        found.used = true;
        return tokens("refresh", family, clientId);
      }
      case "urn:ietf:params:oauth:grant-type:jwt-bearer": {
        const [, user = ""] = (form["assertion"] ?? "").split(".");
        return tokens("on_behalf_of", { id: form["assertion"] ?? "", user, revoked: false }, clientId);
      }
      default:
        throw new Refusal(`the grant ${form["grant_type"]}`);
    }
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      send(response, 200, metadata(url));
      return;
    }
    const form: Form = Object.fromEntries(new URLSearchParams(await text(request)));
    const waiting = form["grant_type"] === "refresh_token" ? held : undefined;
    if (waiting) held = undefined;
    const user = refreshTokens.get(form["refresh_token"] ?? "")?.family.user ?? "";
    try {
      const body = redeem(form);
      await waiting?.pass(user);
      if (latencyMs > 0) await delay(latencyMs);
      send(response, 200, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(`invalid_grant: ${error.message}`);
      send(response, 400, { error: "invalid_grant", error_description: error.message });
    }
  }

  const authority: StrictAuthority = {
    url,
    reuse: options.reuse ?? "revoke",
    auth: (clientId) => ({ clientId, authority: url, knownAuthorities: [new URL(url).host] }),
    homeAccountId: (user) => `${oid(user)}.${TENANT}`,
    code: (user) => {
      const code = randomUUID();
      codes.set(code, user);
      return code;
    },
    assertion: (user, hour) => `assertion.${user}.${hour}`,
    taken: () => {
      const last = redeemed;
      redeemed = [];
      return last;
    },
    refusals,
    redeems: (count) => {
      const done = gate();
      counting = { left: count, done: done.open };
      return done.opened;
    },
    hold: () => {
      const arrived = gate();
      const released = gate();
      let whose = "";
      held = {
        arrived: arrived.opened.then(() => whose),
        release: released.open,
        pass: (user) => {
          whose = user;
          arrived.open();
          return released.opened;
        },
      };
      return held;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return authority;
}

/** A GUID that ends in the digits of the user's name. */
function oid(user: string): string {
  return `7e55e4a0-0000-4000-8000-${user.replace(/\D/g, "").padStart(12, "0")}`;
}

function metadata(url: string): object {
  return {
    issuer: `${url}/v2.0`,
    authorization_endpoint: `${url}/oauth2/v2.0/authorize`,
    token_endpoint: `${url}/oauth2/v2.0/token`,
    jwks_uri: `${url}/discovery/v2.0/keys`,
  };
}

/** A client of Entra relies on TLS and does not check the signature. */
function jwt(claims: object): string {
  return `${base64({ alg: "RS256", kid: "none", typ: "JWT" })}.${base64(claims)}.${base64({})}`;
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
