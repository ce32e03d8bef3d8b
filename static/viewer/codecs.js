// The image codecs of frame packs (viewer_py/dicom/pack.py): WebAssembly libraries of one shape.
// An address is { script, wasm }; a codec is loaded when the first frame needs it.

const CODECS = new Map([
  [1, { name: "openjph", decoder: "HTJ2KDecoder" }],
  [2, { name: "charls", decoder: "JpegLSDecoder" }],
  [3, { name: "openjpeg", decoder: "J2KDecoder" }],
  [4, { name: "libjpeg-turbo-8bit", decoder: "JPEGDecoder" }],
]);

const DEFLATE = 5;

async function inflate(payload) {
  const stream = new Blob([payload]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function open({ name, decoder }, addresses, options) {
  const { script, wasm } = addresses[name];
  const { default: factory } = await import(script);
  const module = await factory({ locateFile: () => wasm, print() {}, printErr() {}, ...options(name) });
  return new module[decoder]();
}

export class Decoders {
  #addresses;
  #options;
  #open = new Map();

  // `options(name)` is what a codec's module is given beside its address.
  constructor(addresses, options = () => ({})) {
    this.#addresses = addresses;
    this.#options = options;
  }

  // Resolves to the stored values, little endian, in bytes of their own.
  async decode(codec, payload) {
    if (codec === DEFLATE) return inflate(payload);
    if (!CODECS.has(codec)) throw new Error(`codec ${codec}`);
    if (!this.#open.has(codec)) {
      const opening = open(CODECS.get(codec), this.#addresses, this.#options);
      opening.catch(() => this.#open.delete(codec)); // the network may be back for the next frame
      this.#open.set(codec, opening);
    }
    const decoder = await this.#open.get(codec);
    decoder.getEncodedBuffer(payload.length).set(payload);
    decoder.decode();
    // The decoder's memory is used again for the next frame, so this one is copied out of it.
    return decoder.getDecodedBuffer().slice();
  }
}
