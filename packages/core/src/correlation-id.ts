const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));

/**
 * A GUID (RFC 9562 §5.4) that names a call in logs. It has to be another one each time, and need not be hard to guess: a
 * call that finds its token in the cache does without `node:crypto`. For `state` and `nonce`, see `newGuid`.
 */
export function newCorrelationId(): string {
  const a = random32();
  const b = random32();
  const c = random32();
  const d = random32();
  const versioned =
    hex(b >>> 16) + "-" + hex((b & 0x0fff) | 0x4000) + "-" + hex(((c >>> 16) & 0x3fff) | 0x8000);
  return hex(a >>> 16) + hex(a) + "-" + versioned + "-" + hex(c) + hex(d >>> 16) + hex(d);
}

const random32 = (): number => (Math.random() * 2 ** 32) >>> 0;

/** The lower 16 bits, in four digits. */
const hex = (value: number): string => (HEX[(value >>> 8) & 0xff] ?? "") + (HEX[value & 0xff] ?? "");
