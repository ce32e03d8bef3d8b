// Reads a frame pack from the network and hands on decoded frames. It knows the 12-byte heads of
// the wire (viewer_py/dicom/pack.py) and nothing of what a frame means.

const HEAD_BYTES = 12;
const RAW = 0;
const DECODE_WORKER = new URL("./decode-worker.js", import.meta.url);

// Takes chunks of any length, gives back exactly the bytes asked for.
class ByteQueue {
  #chunks = [];
  #length = 0;

  push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  get length() {
    return this.#length;
  }

  // `spare` is an ArrayBuffer to use where it is large enough.
  take(count, spare = null) {
    const bytes = spare?.byteLength >= count ? new Uint8Array(spare, 0, count) : new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(0, count - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#length -= count;
    return bytes;
  }
}

// A few decode workers; a frame goes to the one with the least to do. Buffers go round and round:
// left to the garbage collector, those of a long series would pile up for seconds.
export class DecodePool {
  #workers;
  #pixels = [];
  #payloads = [];
  #jobs = new Map();
  #next = 0;

  // `addresses` are those of codecs.js.
  constructor(size, addresses) {
    this.#workers = Array.from({ length: size }, () => {
      const worker = new Worker(DECODE_WORKER, { type: "module" });
      const entry = { worker, waiting: 0, broken: false };
      worker.onmessage = (event) => this.#finish(entry, event.data);
      worker.onerror = () => this.#fail(entry);
      worker.postMessage({ type: "codecs", addresses });
      return entry;
    });
  }

  // So many frames keep every worker busy while the next ones come.
  get enough() {
    return this.#workers.length * 3;
  }

  // Takes back decoded bytes that nobody needs any more.
  recycle(bytes) {
    if (this.#pixels.length < this.enough) this.#pixels.push(bytes.buffer);
  }

  // Gives a buffer of a payload that was decoded, to be filled anew.
  spare() {
    return this.#payloads.pop() ?? null;
  }

  decode(codec, payload) {
    const whole = this.#workers.filter((entry) => !entry.broken);
    if (!whole.length) return Promise.reject(new Error("decoder"));
    const entry = whole.reduce((a, b) => (b.waiting < a.waiting ? b : a));
    const id = (this.#next += 1);
    entry.waiting += 1;
    const spare = this.#pixels.pop() ?? null;
    const transfer = spare ? [payload.buffer, spare] : [payload.buffer];
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject, entry });
      entry.worker.postMessage({ type: "frame", id, codec, payload, spare }, transfer);
    });
  }

  #finish(entry, { id, pixels, payload, error }) {
    if (payload && this.#payloads.length < this.enough) this.#payloads.push(payload.buffer);
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#jobs.delete(id);
    entry.waiting -= 1;
    if (error) job.reject(new Error(error));
    else job.resolve(pixels);
  }

  // The worker itself broke (its script did not load): nothing it was given will come back, and
  // nothing it is given any more.
  #fail(entry) {
    entry.broken = true;
    for (const [id, job] of this.#jobs) {
      if (job.entry !== entry) continue;
      this.#jobs.delete(id);
      job.reject(new Error("decoder"));
    }
    entry.waiting = 0;
  }
}

async function readRecords(reader, pool, onRecord) {
  const queue = new ByteQueue();
  let head = null;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    queue.push(value);
    for (;;) {
      if (!head && queue.length >= HEAD_BYTES) {
        const view = new DataView(queue.take(HEAD_BYTES).buffer);
        head = [0, 4, 8].map((offset) => view.getUint32(offset, true));
      }
      if (!head || queue.length < head[2]) break;
      const spare = head[1] === RAW ? null : pool().spare();
      await onRecord(head[0], head[1], queue.take(head[2], spare));
      head = null;
    }
  }
  // A stream that stops inside a record was cut off, whatever the transport says.
  return !head && queue.length === 0;
}

// Streams `url`; `take(index, Uint8Array)` and `fail(index)` come once a frame. Resolves to the HTTP
// status, 0 when the network broke. When the signal aborts nothing more is read, but what was
// received is decoded and handed on; until then its index is in the set `inHand`. The network waits
// while the decoders have enough to do, so that compressed frames do not pile up in memory.
export async function streamFrames(url, { signal, pool, take, fail, inHand }) {
  const decoding = new Set();
  const onRecord = async (index, codec, payload) => {
    if (codec === RAW) {
      take(index, payload);
      return;
    }
    inHand.add(index);
    const settle = (hand) => (pixels) => {
      inHand.delete(index);
      hand(index, pixels);
    };
    const job = pool().decode(codec, payload).then(settle(take), settle(fail));
    decoding.add(job);
    job.finally(() => decoding.delete(job));
    if (decoding.size >= pool().enough) await Promise.race(decoding);
  };
  try {
    const answer = await fetch(url, { signal, credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) return answer.status;
    const whole = await readRecords(answer.body.getReader(), pool, onRecord);
    await Promise.all(decoding);
    return whole ? 200 : 0;
  } catch {
    await Promise.all(decoding);
    return 0;
  }
}
