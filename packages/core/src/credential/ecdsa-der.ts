const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** A value in DER, and the bytes after it. */
interface Parsed {
  readonly content: Buffer;
  readonly rest: Buffer;
}

/**
 * Converts an ECDSA signature from DER (RFC 3279 §2.2.3) to R and S joined (RFC 7518 §3.4). Returns `undefined` for bytes
 * that are not such a signature.
 *
 * @param length of R and of S, in bytes
 */
export function joinedSignature(der: Buffer, length: number): Buffer | undefined {
  const sequence = parse(der, SEQUENCE);
  if (!sequence || sequence.rest.length > 0) return undefined;
  const r = parse(sequence.content, INTEGER);
  const s = r && parse(r.rest, INTEGER);
  if (!r || !s || s.rest.length > 0) return undefined;
  const parts = [r, s].map(({ content }) => padded(content, length));
  const [first, second] = parts;
  return first && second && Buffer.concat([first, second]);
}

function parse(bytes: Buffer, tag: number): Parsed | undefined {
  if (bytes[0] !== tag) return undefined;
  // Signatures on P-521 are longer than 127 bytes, none is longer than 255.
  const isLong = bytes[1] === 0x81;
  const size = bytes[isLong ? 2 : 1] ?? 0;
  const start = isLong ? 3 : 2;
  if ((!isLong && size > 127) || size === 0 || bytes.length < start + size) return undefined;
  return { content: bytes.subarray(start, start + size), rest: bytes.subarray(start + size) };
}

/** A positive integer in as many bytes as the curve has. DER writes it as short as possible, with a zero before a high bit. */
function padded(integer: Buffer, length: number): Buffer | undefined {
  const first = integer.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : integer.subarray(first);
  if (digits.length > length) return undefined;
  return Buffer.concat([Buffer.alloc(length - digits.length), digits]);
}
