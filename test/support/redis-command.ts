import { connect } from "node:net";

/** What a Redis answers in RESP2, the protocol's second version: texts, numbers, and lists of both. */
type Answer = string | number | null | Error | readonly Answer[];

/**
 * Sends one command to a Redis on a connection of its own. A client of a library would do, but it takes several times as
 * long, and some tests ask a thousand times.
 *
 * @throws the error that Redis answers
 */
export async function sendCommand(url: string, words: readonly string[]): Promise<unknown> {
  const { hostname, port, username, password } = new URL(url);
  const login =
    password === "" ? [] : [["AUTH", ...(username === "" ? [] : [username]), decodeURIComponent(password)]];
  const commands = [...login, words];
  const socket = connect(Number(port), hostname);
  try {
    const answers = await new Promise<readonly Answer[]>((resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.once("error", reject);
      socket.once("close", () => {
        reject(new Error("Redis has closed the connection"));
      });
      socket.on("data", (data) => {
        received = Buffer.concat([received, data]);
        const whole = answersIn(received, commands.length);
        if (whole) resolve(whole);
      });
      socket.write(commands.map(encoded).join(""));
    });
    const failed = answers.find((answer) => answer instanceof Error);
    if (failed instanceof Error) throw failed;
    return answers.at(-1);
  } finally {
    socket.destroy();
  }
}

const encoded = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

/** So many answers, or `undefined` while the last of them is not complete. */
function answersIn(received: Buffer, count: number): readonly Answer[] | undefined {
  let at = 0;
  const next = (): Answer | undefined => {
    const end = received.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const [type, line] = [received.toString("latin1", at, at + 1), received.toString("utf8", at + 1, end)];
    at = end + 2;
    if (type === "+") return line;
    if (type === "-") return new Error(line);
    if (type === ":") return Number(line);
    const length = Number(line);
    if (length < 0) return null;
    return type === "*" ? several(length) : text(length);
  };
  const text = (length: number): string | undefined => {
    const begin = at;
    at += length + 2;
    return at <= received.length ? received.toString("utf8", begin, begin + length) : undefined;
  };
  const several = (length: number): readonly Answer[] | undefined => {
    const answers: Answer[] = [];
    for (let index = 0; index < length; index += 1) {
      const answer = next();
      if (answer === undefined) return undefined;
      answers.push(answer);
    }
    return answers;
  };
  return several(count);
}
