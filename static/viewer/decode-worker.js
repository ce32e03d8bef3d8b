// Decodes the frames of a pack one at a time.

import { Decoders } from "./codecs.js";

let decoders = null;
let last = Promise.resolve();

// The payload goes back as well: its memory is used again.
async function decode({ id, codec, payload, spare }) {
  try {
    const pixels = await decoders.decode(codec, payload, spare);
    postMessage({ id, pixels, payload }, [pixels.buffer, payload.buffer]);
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
}

onmessage = ({ data }) => {
  if (data.type === "codecs") {
    decoders = new Decoders(data.addresses);
    return;
  }
  last = last.then(() => decode(data));
};
