// Reads a frame pack from the network and hands on decoded frames. It knows the 12-byte heads of
// the wire (viewer_py/dicom/pack.py) and nothing of what a frame means.

const HEAD_BYTES = 12;
// Compressed frames of a series differ a little in length; the memory of one is to do for the next.
const ROOM_BYTES = 1 << 16;
const RAW = 0;

// A few decode workers; a frame goes to the one with the least to do. Buffers go round and round:
// left to the garbage collector, those of a long series would pile up for seconds.
export class DecodePool {
  #send;
  #workers;
  #pixels = [];
  #payloads = [];
  #jobs = new Map();
  #next = 0;

  // `addresses` are those of codecs.js; `send(number, message, transfer)` reaches a worker by its
  // number, and what it answers comes to `receive`.
  constructor(size, addresses, send) {
    this.#send = send;
    this.#workers = Array.from({ length: size }, (_, number) => {
      send(number, { type: "codecs", addresses }, []);
      return { number, waiting: 0, broken: false };
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

  // Gives a buffer for a payload of so many bytes: one that was decoded, where it is large enough.
  room(length) {
    const spare = this.#payloads.pop();
    if (spare?.byteLength >= length) return spare;
    return new ArrayBuffer(ROOM_BYTES * Math.ceil(length / ROOM_BYTES));
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
      this.#send(entry.number, { type: "frame", id, codec, payload, spare }, transfer);
    });
  }

  // Takes what a worker answered: the pixels of a frame, or why there are none.
  receive({ id, pixels, payload, error }) {
    if (payload && this.#payloads.length < this.enough) this.#payloads.push(payload.buffer);
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#jobs.delete(id);
    job.entry.waiting -= 1;
    if (error) job.reject(new Error(error));
    else job.resolve(pixels);
  }

  // A worker itself broke (its script did not load): nothing it was given will come back, and
  // nothing it is given any more.
  fail(number) {
    const entry = this.#workers[number];
    entry.broken = true;
    for (const [id, job] of this.#jobs) {
      if (job.entry !== entry) continue;
      this.#jobs.delete(id);
      job.reject(new Error("decoder"));
    }
    entry.waiting = 0;
  }
}

// Reads exactly `count` bytes into `buffer`, which moves into the result; null where the stream ends
// before the first of them. Rejects when it ends between. The network fills the buffer itself, so
// that no chunks are left to the garbage collector.
async function readExactly(reader, buffer, count) {
  let filled = 0;
  while (filled < count) {
    const { done, value } = await reader.read(new Uint8Array(buffer, filled, count - filled));
    if (done && !filled) return null;
    if (done) throw new Error("cut off");
    buffer = value.buffer;
    filled += value.length;
  }
  return new Uint8Array(buffer, 0, count);
}

// The same from chunks as they come, where the browser cannot do it.
function chunkedReader(body) {
  const reader = body.getReader();
  let rest = new Uint8Array();
  return {
    async read(target) {
      if (!rest.length) {
        const { done, value } = await reader.read();
        if (done) return { done };
        rest = value;
      }
      const part = rest.subarray(0, target.length);
      target.set(part);
      rest = rest.subarray(part.length);
      return { done: false, value: target.subarray(0, part.length) };
    },
  };
}

function openReader(body) {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return chunkedReader(body);
  }
}

async function readRecords(body, pool, onRecord) {
  const reader = openReader(body);
  for (let buffer = new ArrayBuffer(HEAD_BYTES); ; ) {
    const head = await readExactly(reader, buffer, HEAD_BYTES);
    if (!head) return;
    const view = new DataView(head.buffer);
    const [index, codec, length] = [0, 4, 8].map((offset) => view.getUint32(offset, true));
    buffer = head.buffer;
    const room = codec === RAW ? new ArrayBuffer(length) : pool().room(length);
    const payload = await readExactly(reader, room, length);
    if (!payload) throw new Error("cut off");
    await onRecord(index, codec, payload);
  }
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
    await readRecords(answer.body, pool, onRecord);
    await Promise.all(decoding);
    return 200;
  } catch {
    await Promise.all(decoding);
    return 0;
  }
}
