// Notes when a picture is first seen: sampled with the screen's frames, in a picture element (any
// viewer may show one) and in a canvas of at least 200 points each way. Times since navigation.

(() => {
  const SIZE = 48;
  const EVERY = 30; // milliseconds
  const SMALLEST_VIEW = 200;
  const LIT = 40;
  const LIT_PIXELS = 230;
  const SHADES = 12;
  const small = document.createElement("canvas");
  small.width = small.height = SIZE;
  const context = small.getContext("2d", { willReadFrequently: true });
  const seen = (window.firstImage = { any: null, canvas: null });
  let looked = -EVERY;

  function shown(element) {
    const { width, height } = element.getBoundingClientRect();
    return Math.min(width, height) >= SMALLEST_VIEW && (element.naturalWidth ?? element.width) > 0;
  }

  function lit(element) {
    context.clearRect(0, 0, SIZE, SIZE);
    try {
      context.drawImage(element, 0, 0, SIZE, SIZE);
    } catch {
      return false; // nothing in it yet
    }
    const data = context.getImageData(0, 0, SIZE, SIZE).data;
    const shades = new Set();
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 0 || data[at] <= LIT) continue;
      count += 1;
      shades.add(data[at]);
    }
    return count > LIT_PIXELS && shades.size >= SHADES;
  }

  const any = (selector) => [...document.querySelectorAll(selector)].some((one) => shown(one) && lit(one));

  function look(now) {
    if (now - looked >= EVERY) {
      looked = now;
      if (any("canvas")) seen.canvas = performance.now();
      if (seen.any === null && (seen.canvas !== null || any("img"))) seen.any = performance.now();
    }
    if (seen.canvas === null) requestAnimationFrame(look);
  }
  requestAnimationFrame(look);
})();
