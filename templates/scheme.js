// Runs before the page is drawn, so that a chosen scheme does not flash.
"use strict";
try {
  const scheme = localStorage.getItem("theoremata-scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // Without storage the system's scheme is used.
}
