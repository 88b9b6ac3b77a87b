// What pages need besides htmx: times in the person's zone, a focus that is never lost, streams that begin, buttons that copy.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const sameDay = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const otherDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

function zoneWithOffset() {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "shortOffset" }).formatToParts(new Date());
  const offset = parts.find((part) => part.type === "timeZoneName").value.replace("GMT", "UTC");
  return zone === "UTC" ? zone : `${zone}, ${offset}`;
}

function localTime(at) {
  const now = new Date();
  if (at.toDateString() === now.toDateString()) return sameDay.format(at);
  return (at.getFullYear() === now.getFullYear() ? otherDay : otherYear).format(at);
}

function showLocalTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-local])")) {
    time.textContent = localTime(new Date(time.dateTime));
    time.dataset.local = zone;
  }
  for (const place of within.querySelectorAll("[data-zone]")) place.textContent = zoneWithOffset();
}

document.addEventListener("DOMContentLoaded", () => showLocalTimes(document));
document.addEventListener("htmx:after:swap", () => showLocalTimes(document));

// A swap may take away what had the focus, or what a dialog would give it back to: then its successor gets it, or else
// the heading of its part of the page.
let focused = null;

function placeOf(element) {
  const names = ["id", "name", "formaction"].filter((each) => element.hasAttribute(each));
  const part = element.parentElement.closest("section[id]");
  return { same: names.map((each) => `[${each}="${CSS.escape(element.getAttribute(each))}"]`), part: part ? part.id : "main" };
}

function keepFocus() {
  const isLost = document.activeElement.matches("body, dialog:not([open]) *");
  if (!focused || !isLost) return;
  const part = document.getElementById(focused.part) ?? document.getElementById("main");
  const same = focused.same.map((each) => document.querySelector(each)).find(Boolean);
  const next = same ?? part.querySelector("h1, h2") ?? part;
  if (next.tabIndex < 0) next.tabIndex = -1;
  next.focus({ preventScroll: true });
}

document.addEventListener("htmx:before:swap", () => {
  const element = document.activeElement;
  if (!element.closest("dialog")) focused = element === document.body ? null : placeOf(element);
});
document.addEventListener("htmx:after:swap", keepFocus);
document.addEventListener("close", keepFocus, true); // of a dialog

// The extension repeats a stream that ends, but not a first try that fails or hangs.
const CONNECTED_WITHIN = 3000;
document.addEventListener("htmx:sse:after:connection", (event) => { event.target.dataset.connected = ""; });
setInterval(() => {
  for (const stream of document.querySelectorAll("[hx-sse\\:connect]:not([data-connected])")) {
    const next = stream.cloneNode(true);
    stream.replaceWith(next);
    htmx.process(next);
  }
}, CONNECTED_WITHIN);

// A name that is typed takes the place of what another field has chosen.
document.addEventListener("input", (event) => {
  const instead = event.target.dataset.instead;
  if (instead && event.target.value) document.getElementById(instead).value = "";
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 2000);
});
