// The line to the worker: sends messages, gives answers back to whoever asked.

export class WorkerLink {
  #worker;
  #asked = new Map();
  #next = 0;
  #stopped = false;

  /** `early` are the worker's events from before there was anybody to listen. */
  constructor(worker, early, onMessage, onBroken) {
    this.#worker = worker;
    worker.onerror = onBroken;
    worker.onmessage = ({ data }) => {
      const message = typeof data === "string" ? JSON.parse(data) : data; // a file is no JSON
      if (message.type === "reply") this.#answer(message);
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
    this.#worker.terminate();
    for (const { reject } of this.#asked.values()) reject(new Error("the viewer has stopped"));
    this.#asked.clear();
  }

  #answer({ id, result, error }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  }
}
