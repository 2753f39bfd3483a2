// A token endpoint over TLS, in a process of its own: it answers every request with the same token, and tells its parent where
// it listens and which certificate to trust.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import forge from "node-forge";
import { jwt } from "./fixtures.mjs";

const { key, cert } = certificate();
const body = JSON.stringify({
  token_type: "Bearer",
  expires_in: 3599,
  ext_expires_in: 3599,
  access_token: jwt("answered", 900),
});
const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
const server = createServer({ key, cert }, (request, response) => {
  request.resume().on("end", () => response.writeHead(200, headers).end(body));
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1");
await once(server, "listening");
process.send({ origin: `https://localhost:${server.address().port}`, ca: cert });

function certificate() {
  const encoding = {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  };
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, ...encoding });
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(publicKey);
  made.serialNumber = "01";
  made.validity.notBefore = new Date(Date.now() - 3_600_000);
  made.validity.notAfter = new Date(Date.now() + 86_400_000);
  const name = [{ name: "commonName", value: "localhost" }];
  made.setSubject(name);
  made.setIssuer(name);
  made.setExtensions([
    { name: "basicConstraints", cA: true },
    { name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
  ]);
  made.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return { key: privateKey, cert: forge.pki.certificateToPem(made) };
}
