// Decodes HTJ2K codestreams with OpenJPH, one at a time.

let decoder = null;

async function begin({ script, wasm }) {
  const { default: factory } = await import(script);
  const module = await factory({ locateFile: () => wasm });
  return new module.HTJ2KDecoder();
}

async function decode(payload) {
  const codec = await decoder;
  codec.getEncodedBuffer(payload.length).set(payload);
  codec.decode();
  // The decoder's memory is used again for the next frame, so this one is copied out of it.
  const decoded = codec.getDecodedBuffer();
  const bytes = new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength);
  return bytes.slice();
}

onmessage = async ({ data }) => {
  if (data.type === "codec") {
    decoder = begin(data);
    decoder.catch(() => {}); // each frame that needs it says so
    return;
  }
  try {
    const pixels = await decode(data.payload);
    postMessage({ id: data.id, pixels }, [pixels.buffer]);
  } catch (error) {
    postMessage({ id: data.id, error: String(error) });
  }
};
