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

  // Resolves to the stored values, little endian, in bytes of their own: in `spare` (an ArrayBuffer)
  // where that has their size.
  async decode(codec, payload, spare = null) {
    if (codec === DEFLATE) return inflate(payload);
    if (!CODECS.has(codec)) throw new Error(`codec ${codec}`);
    if (!this.#open.has(codec)) {
      this.#open.set(codec, open(CODECS.get(codec), this.#addresses, this.#options));
    }
    const decoder = await this.#open.get(codec);
    decoder.getEncodedBuffer(payload.length).set(payload);
    decoder.decode();
    // The decoder's memory is used again for the next frame, so this one is copied out of it.
    const decoded = decoder.getDecodedBuffer();
    if (spare?.byteLength !== decoded.length) return decoded.slice();
    const bytes = new Uint8Array(spare);
    bytes.set(decoded);
    return bytes;
  }
}
