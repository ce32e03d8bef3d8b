// <button data-dialog="id"> opens the dialog; <button data-close> inside it closes it.

export function installDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog)?.showModal();
      return;
    }
    const closer = event.target.closest("[data-close]");
    if (closer) {
      closer.closest("dialog")?.close();
      return;
    }
    closeMenus(event.target);
  });
}

// A menu closes when something beside it is touched.
function closeMenus(touched) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(touched)) menu.removeAttribute("open");
  }
}
