// The workers that decode, each known by its number and made when it is first sent something.

const DECODE_WORKER = new URL("./decode-worker.js", import.meta.url);

export class DecodeWorkers {
  #workers = new Map();
  #take;
  #broken;

  /** `take(answer, transfer)` gets what a worker answers, `broken(number)` which did not start. */
  constructor(take, broken) {
    this.#take = take;
    this.#broken = broken;
  }

  send(number, message, transfer) {
    if (!this.#workers.has(number)) this.#workers.set(number, this.#made(number));
    this.#workers.get(number).postMessage(message, transfer);
  }

  stop() {
    for (const worker of this.#workers.values()) worker.terminate();
  }

  #made(number) {
    const worker = new Worker(DECODE_WORKER, { type: "module" });
    worker.onerror = () => this.#broken(number);
    worker.onmessage = ({ data: answer }) => {
      const transfer = [answer.pixels, answer.payload].filter(Boolean).map(({ buffer }) => buffer);
      this.#take(answer, transfer);
    };
    return worker;
  }
}
