// Decodes the frames of a pack one at a time.

import { Decoders } from "./codecs.js";

let decoders = null;
let last = Promise.resolve();

async function decode({ id, codec, payload }) {
  try {
    const pixels = await decoders.decode(codec, payload);
    postMessage({ id, pixels }, [pixels.buffer]);
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
