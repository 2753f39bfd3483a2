/**
 * Reads a decoded body to its end.
 *
 * @param limit in bytes
 */
export async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Throwing out of the loop destroys the stream and its connection.
    if (size > limit) throw tooLong(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Returns the text of a body, synchronously if it is not encoded.
 *
 * @param encoding of the content (RFC 9110 §8.4): some servers compress it although no request asks for that
 * @param limit in bytes, also after decoding
 */
export function decodedText(
  content: Buffer,
  encoding: string | undefined,
  limit: number,
): string | Promise<string> {
  if (encoding === undefined || content.length === 0) return content.toString("utf8");
  return decode(content, encoding, limit).then((decoded) => decoded.toString("utf8"));
}

const IDENTITY = "identity";

/** @param encoding one or several, in the order in which they were applied */
async function decode(content: Buffer, encoding: string, limit: number): Promise<Buffer> {
  let decoded = content;
  for (const name of encoding.toLowerCase().split(",").reverse()) {
    const coding = name.trim();
    if (coding !== "" && coding !== IDENTITY) decoded = await decodeOne(decoded, coding, limit);
  }
  return decoded;
}

async function decodeOne(content: Buffer, coding: string, maxOutputLength: number): Promise<Buffer> {
  const { promisify } = process.getBuiltinModule("node:util");
  const zlib = process.getBuiltinModule("node:zlib");
  const options = { maxOutputLength };
  try {
    if (coding === "gzip" || coding === "x-gzip") return await promisify(zlib.gunzip)(content, options);
    if (coding === "deflate") return await promisify(zlib.inflate)(content, options);
    if (coding === "br") return await promisify(zlib.brotliDecompress)(content, options);
  } catch (error) {
    throw codeOf(error) === "ERR_BUFFER_TOO_LARGE" ? tooLong(maxOutputLength) : error;
  }
  const unknown = `the response has the content encoding ${JSON.stringify(coding)}, which no request asks for`;
  throw Object.assign(new Error(unknown), { isPermanent: true });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
}

/** An error that another attempt would not avoid. */
export function tooLong(limit: number): Error {
  return Object.assign(new Error(`the response is longer than ${limit} bytes`), { isPermanent: true });
}
