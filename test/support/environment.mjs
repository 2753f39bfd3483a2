// The environment of each test file. It keeps Node.js from following asynchronous calls for longer than a test needs it: every
// `AsyncLocalStorage` in use, also that of a test file which has ended, makes every promise of its worker slower.
import asyncHooks, { AsyncLocalStorage } from "node:async_hooks";
import { TestEnvironment } from "jest-environment-node";

const used = new Set();
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...call) {
  used.add(this);
  return run.apply(this, call);
};

/** Serves Jest in place of an `AsyncLocalStorage`. It keeps the test that runs, and no file runs two at a time. */
class CurrentTest {
  #store;

  getStore() {
    return this.#store;
  }

  async run(store, test) {
    const outer = this.#store;
    this.#store = store;
    try {
      return await test();
    } finally {
      this.#store = outer;
    }
  }
}

export default class Environment extends TestEnvironment {
  async setup() {
    await super.setup();
    asyncHooks.AsyncLocalStorage = CurrentTest;
  }

  handleTestEvent({ name }) {
    // Jest has been loaded, and what follows is the test's.
    if (name === "setup") asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
  }

  async teardown() {
    await super.teardown();
    for (const storage of used) storage.disable();
    used.clear();
  }
}
