// When a command is sent again, and when no more.
// proves: redis/src/send-again.ts
import { expect, jest, test } from "@jest/globals";
import type { CommandFailure } from "../../packages/redis/src/failure.js";
import { SentAgain } from "../../packages/redis/src/send-again.js";

const brief: CommandFailure = { kind: "brief", unavailable: "all", passes: "soon" };
const lasting: CommandFailure = { kind: "lasting", unavailable: "all", passes: "no" };
const passing = new Error("passing");
const refused = new Error("refused");
const how = {
  failureOf: (error: unknown) => (error === passing ? brief : lasting),
  mayPass: (failure: CommandFailure) => failure === brief,
  random: () => 0.5,
};

test("it is sent until it is answered", async () => {
  const send = jest.fn<() => Promise<string>>();
  send.mockRejectedValueOnce(passing).mockRejectedValueOnce(passing).mockResolvedValue("answer");
  const command = new SentAgain(send, how);
  expect(await command.run()).toBe("answer");
  expect(send).toHaveBeenCalledTimes(3);
  expect(command.failure).toBeUndefined();
});

test("a failure that lasts is thrown as it is", async () => {
  const send = jest.fn<() => Promise<string>>();
  send.mockRejectedValueOnce(passing).mockRejectedValueOnce(refused);
  await expect(new SentAgain(send, how).run()).rejects.toBe(refused);
  expect(send).toHaveBeenCalledTimes(2);
});

test("when its time is up before it is sent again, it is not, and its failure is known", async () => {
  const send = jest.fn<() => Promise<string>>().mockRejectedValue(passing);
  const command = new SentAgain(send, how);
  const ran = expect(command.run()).rejects.toBe(passing);
  await new Promise((resolve) => setImmediate(resolve));
  expect(command.failure).toBe(brief);
  const { length } = send.mock.calls;
  command.end();
  await ran;
  expect(send).toHaveBeenCalledTimes(length);
});

test("when its time is up while an answer is awaited, a failure is the last, and an answer still arrives", async () => {
  const late = new SentAgain(async () => {
    await Promise.resolve();
    throw passing;
  }, how);
  const ran = late.run();
  expect(late.failure).toBeUndefined();
  late.end();
  await expect(ran).rejects.toBe(passing);

  const answered = new SentAgain(async () => "answer", how);
  const answer = answered.run();
  answered.end();
  expect(await answer).toBe("answer");
});
