// Lays the study that the address names beside the one that was opened.

const { beside } = document.querySelector("script[data-beside]").dataset;
const tries = 40;
const pause = 500; // milliseconds

async function lay() {
  const { command } = window.yingyun;
  await command("history.load");
  for (let number = 0; number < tries; number += 1) {
    try {
      await command("study.beside", { study_id: beside });
      return;
    } catch {
      // The list of studies is still on its way.
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}

lay();
