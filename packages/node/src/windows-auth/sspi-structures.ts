/** Returns the address of bytes, which must stay referenced while it is used. */
export type AddressOf = (bytes: Buffer) => bigint;

/** Size of a pointer, in bytes. */
export function pointerSize(arch: string): 4 | 8 {
  return arch === "ia32" ? 4 : 8;
}

/** Kinds of a `SecBuffer`. */
export const SECBUFFER_TOKEN = 2;
export const SECBUFFER_CHANNEL_BINDINGS = 14;

/** `SecBufferDesc` with one `SecBuffer`, and the bytes that it points to. */
export interface SecBufferDesc {
  readonly desc: Buffer;
  /** Returns the bytes that are in use, at most those that were given. */
  content(): Buffer;
}

/** Builds a `SecBufferDesc`: `{ ULONG ulVersion, cBuffers; SecBuffer *pBuffers }`, `{ ULONG cbBuffer, BufferType; void *pvBuffer }`. */
export function secBufferDesc(type: number, bytes: Buffer, addressOf: AddressOf, size: 4 | 8): SecBufferDesc {
  const buffer = Buffer.alloc(8 + size);
  buffer.writeUInt32LE(bytes.length, 0);
  buffer.writeUInt32LE(type, 4);
  writePointer(buffer, addressOf(bytes), size);
  const desc = Buffer.alloc(8 + size);
  desc.writeUInt32LE(0, 0);
  desc.writeUInt32LE(1, 4);
  writePointer(desc, addressOf(buffer), size);
  return { desc, content: () => bytes.subarray(0, Math.min(buffer.readUInt32LE(0), bytes.length)) };
}

/** Builds `SEC_CHANNEL_BINDINGS`: eight `ULONG`s without addresses, and the application data behind them. */
export function secChannelBindings(data: Uint8Array): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32LE(data.length, 24);
  header.writeUInt32LE(header.length, 28);
  return Buffer.concat([header, data]);
}

/** Both structures have their pointer at offset 8, where it is aligned. */
function writePointer(structure: Buffer, address: bigint, size: 4 | 8): void {
  if (size === 8) structure.writeBigUInt64LE(address, 8);
  else structure.writeUInt32LE(Number(address), 8);
}
