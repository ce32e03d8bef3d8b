// The style of what can stand beside the pictures. Most readers never need it.

let style = null;

export function styled(root) {
  const address = root.querySelector("[data-drawers]").dataset.css;
  style ??= new Promise((done) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
    link.onload = done;
    link.onerror = done;
    document.head.append(link);
  });
  return style;
}
