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

// A library says on its output what is wrong with a frame, and returns as if nothing were.
async function open({ name, decoder }, addresses, options) {
  const { script, wasm } = addresses[name];
  const { default: factory } = await import(script);
  const said = [];
  const print = (line) => /error/i.test(line) && said.push(line);
  const module = await factory({ locateFile: () => wasm, print, printErr: print, ...options(name) });
  return { Decoder: module[decoder], said };
}

// A decoder holds one frame: what it cannot decode would else be the frame before it.
function decoded({ Decoder, said }, payload, copied) {
  const decoder = new Decoder();
  said.length = 0;
  try {
    decoder.getEncodedBuffer(payload.length).set(payload);
    decoder.decode();
    const pixels = decoder.getDecodedBuffer();
    if (said.length || !pixels.length) throw new Error(said[0] ?? "no pixels");
    return copied(pixels);
  } finally {
    decoder.delete();
  }
}

// Some libraries hand out no view of their memory but a copy, another one each time: left to the
// garbage collector, those of a long series pile up to 60 MB. Older browsers have to leave them to it.
function giveUp(pixels) {
  const isCopy = pixels.byteLength === pixels.buffer.byteLength;
  if (isCopy) pixels.buffer.transfer?.(0);
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
    return decoded(await this.#open.get(codec), payload, (pixels) => {
      const bytes = new Uint8Array(spare?.byteLength === pixels.length ? spare : pixels.length);
      bytes.set(pixels);
      giveUp(pixels);
      return bytes;
    });
  }
}
