import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** Whether a URL is HTTP(S) on this machine: `localhost` and its subdomains (RFC 6761 §6.3), `127.0.0.1`, `[::1]`. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    ["http:", "https:"].includes(protocol) &&
    (["localhost", "127.0.0.1", "[::1]"].includes(hostname) || hostname.endsWith(".localhost"))
  );
}

/**
 * Reads JSON from this machine and from nowhere else; no redirect is followed.
 *
 * @param trusted certificates of the authorities to trust, PEM
 * @throws {Error} for any other host, any status but 200, and what is no JSON
 */
export async function getJson<T>(url: string, trusted: readonly string[]): Promise<T> {
  if (!isLoopback(url)) throw new Error(`${url} is not on this machine`);
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise<T>((resolve, reject) => {
    const sent = request(url, { ca: [...trusted], agent: false, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        try {
          if (response.statusCode !== 200) throw new Error(`${url} answered ${String(response.statusCode)}`);
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as T);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`${url} did not answer`)));
    sent.on("error", reject);
    sent.end();
  });
}
