// Counts down how long a share still opens; the server decides, this only tells.
const shown = document.querySelector("[data-expires]");
const ends = Date.parse(shown.dataset.expires);
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function words(seconds) {
  const { days, hours, minutes, ended } = shown.dataset;
  if (seconds <= 0) return ended;
  const pattern = seconds >= DAY ? days : seconds >= HOUR ? hours : minutes;
  return pattern
    .replace("{d}", Math.floor(seconds / DAY))
    .replace("{h}", Math.floor((seconds % DAY) / HOUR))
    .replace("{m}", Math.floor((seconds % HOUR) / MINUTE))
    .replace("{s}", seconds % MINUTE);
}

function tick() {
  const seconds = Math.round((ends - Date.now()) / 1000);
  const text = words(seconds);
  if (shown.textContent !== text) shown.textContent = text;
  if (seconds > 0) setTimeout(tick, 1000);
}

tick();
