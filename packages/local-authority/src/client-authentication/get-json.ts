import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isLoopback } from "../config/loopback.js";

/**
 * Reads JSON from a URL on this machine. Redirects are not followed.
 *
 * @param trusted CA certificates to trust, in PEM format
 * @throws {Error} if the URL is on another host, the status is not 200, or the body is not JSON
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
    sent.on("timeout", () => sent.destroy(new Error(`${url} did not respond`)));
    sent.on("error", reject);
    sent.end();
  });
}
