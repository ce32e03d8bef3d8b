// What a page found out about this browser and would lose seconds to find out anew.

export function isRemembered(key, value) {
  try {
    return localStorage.getItem(key) === value;
  } catch {
    return false; // the browser keeps nothing for this page
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // then it is found out again
  }
}
