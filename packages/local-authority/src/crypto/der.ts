// DER (X.690) of what a certificate consists of. A library for all of ASN.1 would take longer to load than an authority to start.

/** Tag, length, content. */
export function tlv(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  const digits = Buffer.from(body.length.toString(16).replace(/^(..)*.$/, "0$&"), "hex");
  const length = body.length < 128 ? Buffer.of(body.length) : Buffer.of(0x80 | digits.length, ...digits);
  return Buffer.concat([Buffer.of(tag), length, body]);
}

export const sequence = (...content: readonly Uint8Array[]): Uint8Array => tlv(0x30, ...content);

/** @param value big-endian; the first bit is the sign */
export const integer = (value: Uint8Array): Uint8Array => tlv(0x02, value);

export const bitString = (value: Uint8Array, unusedBits = 0): Uint8Array =>
  tlv(0x03, Buffer.of(unusedBits), value);

export const octetString = (value: Uint8Array): Uint8Array => tlv(0x04, value);

export const utf8String = (value: string): Uint8Array => tlv(0x0c, Buffer.from(value));

export const yes = tlv(0x01, Buffer.of(0xff));

/** @param dotted for example `2.5.29.17` */
export function objectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.of(first * 40 + second, ...bytes));
}

/** UTCTime, which has two digits of the year. */
export function utcTime(milliseconds: number): Uint8Array {
  const digits = new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}
