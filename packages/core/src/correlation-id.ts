const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

/** So many ids differ in nothing but their first eight digits: to make the others anew is a sixth of a cached call. */
const IDS_OF_ONE_TAIL = 1024;

/** The golden ratio of 2^32: odd, so that no head comes twice under a tail, and neighbours do not look alike. */
const STEP = 0x9e3779b9;

let head = 0;
let tail = "";
let left = 0;

/**
 * A GUID (RFC 9562 §5.4) that names a call in logs. It has to be another one each time, and need not be hard to guess: a
 * call that finds its token in the cache does without `node:crypto`. For `state` and `nonce`, see `newGuid`.
 */
export function newCorrelationId(): string {
  if (left === 0) {
    [head, tail, left] = [random32(), newTail(), IDS_OF_ONE_TAIL];
  }
  left -= 1;
  head = (head + STEP) >>> 0;
  return hex(head >>> 16) + hex(head) + tail;
}

/** What follows the first eight digits: version 4, variant 10, and 90 random bits. */
function newTail(): string {
  const [b, c, d] = [random32(), random32(), random32()];
  const versioned = hex(b >>> 16) + "-" + hex((b & 0x0fff) | 0x4000);
  return `-${versioned}-${hex(((c >>> 16) & 0x3fff) | 0x8000)}-${hex(c)}${hex(d >>> 16)}${hex(d)}`;
}

const random32 = (): number => (Math.random() * 2 ** 32) >>> 0;

/** The lower 16 bits, in four digits. */
const hex = (value: number): string => (HEX[(value >>> 8) & 0xff] ?? "") + (HEX[value & 0xff] ?? "");
