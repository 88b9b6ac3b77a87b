// While somebody names a new data source or attribute: a name as it must be written, and the names derived from it.
"use strict";

const named = document.querySelector("form[data-names] #name");

function showDerived() {
  const derived = named.value.trim().toUpperCase();
  for (const place of document.querySelectorAll("[data-derived]")) place.textContent = derived || place.dataset.derived;
}

if (named) {
  named.addEventListener("input", showDerived);
  named.addEventListener("change", () => {
    named.value = named.value.trim().toLowerCase().replace(/[\s-]+/g, "_");
    showDerived();
  });
  showDerived();
}
