// The line to the worker: sends messages, gives answers back to whoever asked, and lets others decode
// for it where it does not make such workers itself.

import { DecodeWorkers } from "./decoders.js";

export class WorkerLink {
  #worker;
  #decoders = new DecodeWorkers(
    (answer, transfer) => this.send({ type: "decoded", answer }, transfer),
    (number) => this.send({ type: "decoder-broken", number }),
  );
  #asked = new Map();
  #next = 0;
  #stopped = false;
  #silent = 0; // seconds
  #watch = null;

  /** `early` are the worker's events from before there was anybody to listen. */
  constructor(worker, early, onMessage, onBroken) {
    this.#worker = worker;
    worker.onerror = onBroken;
    worker.onmessage = ({ data }) => {
      const message = typeof data === "string" ? JSON.parse(data) : data; // a file is no JSON
      this.#silent = 0;
      if (message.type === "reply") this.#answer(message);
      else if (message.type === "decode") this.#decoders.send(...message.job);
      else onMessage(message);
    };
    // Not before whoever made this has it in hand.
    queueMicrotask(() => {
      for (const event of early.splice(0)) worker[`on${event.type}`](event);
    });
  }

  send(message, transfer = []) {
    this.#worker.postMessage(message, transfer);
  }

  ask(message) {
    if (this.#stopped) return Promise.reject(new Error("the viewer has stopped"));
    const id = (this.#next += 1);
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.send({ ...message, id });
    });
  }

  stop() {
    this.#stopped = true;
    this.endWatch();
    this.#worker.terminate();
    this.#decoders.stop();
    for (const { reject } of this.#asked.values()) reject(new Error("the viewer has stopped"));
    this.#asked.clear();
  }

  /**
   * Call `work` when, before the watch is ended, the worker has said nothing for so many seconds.
   * They are counted one by one: while a phone has put the page to sleep none go by.
   */
  watch(seconds, work) {
    this.#silent = 0;
    this.#watch = setInterval(() => {
      this.#silent += 1;
      if (this.#silent === seconds) work();
    }, 1000);
  }

  endWatch() {
    clearInterval(this.#watch);
  }

  #answer({ id, result, error }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  }
}
