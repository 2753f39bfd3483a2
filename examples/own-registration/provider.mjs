// @ts-check
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** `oidc-provider` from npm, certified by the OpenID Foundation, on a free port: it registers anyone, and wants requests pushed. */
export async function startProvider() {
  // It tells whoever starts it what to change before it serves real users.
  for (const level of /** @type {const} */ (["info", "warn"])) {
    const write = console[level];
    console[level] = (/** @type {unknown[]} */ ...words) => {
      if (!String(words[0]).includes("oidc-provider ")) write(...words);
    };
  }
  const { Provider } = await import("oidc-provider");
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  const url = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const provider = new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "example", alg: "RS256", use: "sig" }] },
    cookies: { keys: [randomUUID()] },
    claims: { profile: ["name", "preferred_username"] },
    conformIdTokenClaims: false,
    features: {
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: "Olga Oidc", preferred_username: sub }),
    }),
  });
  server.on("request", provider.callback());
  return {
    url,
    user: { username: "olga@example.org", password: "any password will do" },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
