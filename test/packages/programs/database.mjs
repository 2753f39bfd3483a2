// A server of the Tabular Data Stream protocol that signs nobody in: it asks for a token (MS-TDS §2.2.7.12) and keeps it.
import { once } from "node:events";
import { createServer } from "node:net";

const PRELOGIN = 0x12;
const LOGIN = 0x10;
const FEDERATED_TOKEN = 0x08;

export async function startDatabase(audience, authority) {
  const { promise: token, resolve } = withResolvers();
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    let message = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 8 && received.length >= received.readUInt16BE(2)) {
        const length = received.readUInt16BE(2);
        const [type, status] = received;
        message = Buffer.concat([message, received.subarray(8, length)]);
        received = received.subarray(length);
        // A message may come in several packets.
        if ((status & 1) === 0) continue;
        if (type === PRELOGIN) socket.write(packet(prelogin()));
        if (type === LOGIN) socket.write(packet(federation(audience, authority)));
        if (type === FEDERATED_TOKEN) resolve(message.subarray(8).toString("ucs2"));
        message = Buffer.alloc(0);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: server.address().port, token, close: () => server.close() };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

function packet(body) {
  const header = Buffer.from([0x04, 1, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(body.length + 8, 2);
  return Buffer.concat([header, body]);
}

/** Version; no encryption; a token is required. */
function prelogin() {
  const options = [
    [0x00, Buffer.from([16, 0, 0, 0, 0, 0])],
    [0x01, Buffer.from([0x02])],
    [0x06, Buffer.from([0x01])],
  ];
  let offset = options.length * 5 + 1;
  const index = options.map(([name, { length }]) => {
    const entry = Buffer.from([name, 0, 0, 0, 0]);
    entry.writeUInt16BE(offset, 1);
    entry.writeUInt16BE(length, 3);
    offset += length;
    return entry;
  });
  return Buffer.concat([...index, Buffer.from([0xff]), ...options.map(([, value]) => value)]);
}

/** The token FEDAUTHINFO: who gives tokens, and for whom. */
function federation(audience, authority) {
  const values = [
    [0x01, Buffer.from(authority, "ucs2")],
    [0x02, Buffer.from(audience, "ucs2")],
  ];
  let offset = 4 + values.length * 9;
  const index = values.map(([name, { length }]) => {
    const entry = Buffer.alloc(9);
    entry.writeUInt8(name, 0);
    entry.writeUInt32LE(length, 1);
    entry.writeUInt32LE(offset, 5);
    offset += length;
    return entry;
  });
  const count = Buffer.alloc(4);
  count.writeUInt32LE(values.length);
  const data = Buffer.concat([count, ...index, ...values.map(([, value]) => value)]);
  const head = Buffer.from([0xee, 0, 0, 0, 0]);
  head.writeUInt32LE(data.length, 1);
  return Buffer.concat([head, data]);
}
