// Decodes the frames of a pack one at a time, for whoever is at the port it is given first.

import { Decoders } from "./codecs.js";

let asker = null;
let decoders = null;
let last = Promise.resolve();

// The payload goes back as well: its memory is used again.
async function decode({ id, codec, payload, spare }) {
  try {
    const pixels = await decoders.decode(codec, payload, spare);
    asker.postMessage({ id, pixels, payload }, [pixels.buffer, payload.buffer]);
  } catch (error) {
    asker.postMessage({ id, error: String(error) });
  }
}

function receive({ data }) {
  if (data.type === "codecs") {
    decoders = new Decoders(data.addresses);
    return;
  }
  last = last.then(() => decode(data));
}

onmessage = ({ data: port }) => {
  asker = port;
  asker.onmessage = receive;
};
