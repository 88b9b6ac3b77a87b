// The upload of an import's file: resumable (tus), with its rate and the time that is left. The server knows which file
// it is and how much of it has arrived, so the browser stores nothing.
"use strict";

const FIRST_BYTES = 1 << 20; // then the columns can be shown
const LONGEST_WAIT = 10_000; // ms between two attempts

const area = document.querySelector("[data-upload]");
const chosen = document.getElementById("file");
const state = document.getElementById("upload-state");
const heard = document.getElementById("upload-news");
const progress = document.getElementById("progress");
const form = document.getElementById("import");
const dialog = document.getElementById("dialog");
let current = null;
let pressed = null; // a button that waits until the file has arrived
let leaving = false; // the whole form is on its way

history.replaceState(null, "", form.getAttribute("action") + location.hash); // reloading repeats nothing

const inUnits = (bytes) => {
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]]) if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${bytes} bytes`;
};
const inTime = (seconds) => (seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`);
const percent = (sent, total) => (total ? Math.floor((100 * sent) / total) : 100);

// What changes many times a second is only seen; `news` is also heard.
function say(text, news = text) {
  state.textContent = text;
  if (news && heard.textContent !== news) heard.textContent = news;
}

function showColumns() {
  if (!document.querySelector("#columns[data-loaded]")) document.getElementById("arrivals").dispatchEvent(new CustomEvent("arrived"));
}

async function announce(file) {
  const body = new URLSearchParams({ name: file.name, size: file.size });
  const answer = await fetch(area.dataset.upload, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (answer.ok) return answer.json();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("notices").replaceChildren(...page.body.childNodes);
  throw new Error("refused");
}

async function send(file) {
  if (current) await current.abort();
  say("Beginning the upload…");
  let place;
  try {
    place = await announce(file);
  } catch (error) {
    say(error.message === "refused" ? "" : "The server cannot be reached. Choose the file again.");
    return;
  }
  if (!place.offset) delete document.getElementById("columns").dataset.loaded; // they are those of another file
  area.dataset.sending = "";
  progress.hidden = false;
  progress.max = file.size || 1;
  begin(file, place);
}

function begin(file, place) {
  const since = performance.now();
  let sent = place.offset;
  const upload = new tus.Upload(file, {
    uploadUrl: place.url,
    chunkSize: place.offset ? Infinity : FIRST_BYTES,
    storeFingerprintForResuming: false,
    removeFingerprintOnSuccess: true,
    retryDelays: Array.from({ length: 1000 }, (_, at) => Math.min(500 * 2 ** at, LONGEST_WAIT)),
    onShouldRetry: (error) => {
      const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
      const goesOn = status === 0 || status === 409 || status === 429 || status >= 500;
      if (goesOn) say(`Paused at ${percent(sent, file.size)} %, retrying. What has arrived is kept.`);
      return goesOn;
    },
    onProgress: (bytes, total) => {
      sent = bytes;
      progress.value = bytes;
      const rate = (bytes - place.offset) / Math.max(0.001, (performance.now() - since) / 1000);
      const left = rate > 0 ? ` · about ${inTime((total - bytes) / rate)} left` : "";
      const quarter = Math.floor(percent(bytes, total) / 25);
      say(`${percent(bytes, total)} % · ${inUnits(bytes)} of ${inUnits(total)} · ${inUnits(Math.round(rate))}/s${left}. ${pressed ? "It goes on as soon as the file has arrived." : "You can map the columns now; keep this tab open until the file has arrived."}`, quarter ? `${25 * quarter} % of the file have arrived` : "");
    },
    onChunkComplete: (size, accepted, total) => {
      upload.options.chunkSize = Infinity;
      if (accepted < total) showColumns();
    },
    onAfterResponse: (request) => { if (request.getMethod() === "HEAD" && sent >= FIRST_BYTES) showColumns(); }, // perhaps lost with the connection
    onSuccess: () => {
      progress.value = progress.max;
      delete area.dataset.sending;
      area.dataset.complete = "";
      say(`${file.name} has arrived (${inUnits(file.size)}). You can close this tab and come back.`);
      document.querySelector("label[for=file]").textContent = "Take another file";
      if (pressed) form.requestSubmit(pressed);
      else if (document.querySelector("#columns[data-loaded]")) form.dispatchEvent(new Event("change")); // saves, and shows the step
      else showColumns();
    },
    onError: () => say(`The upload stopped at ${percent(sent, file.size)} %. What has arrived is kept: choose the same file to go on.`),
  });
  current = upload;
  upload.start();
}

// Leaving the page would end the upload, so what was pressed waits for it.
form.addEventListener("submit", (event) => {
  leaving = !("sending" in area.dataset);
  if (leaving) return;
  event.preventDefault();
  pressed = event.submitter;
  area.scrollIntoView({ block: "nearest" });
});
// A save that is still due would find an import that has begun.
form.addEventListener("htmx:before:request", (event) => { if (leaving) event.preventDefault(); });
window.addEventListener("pageshow", () => { leaving = false; });
// A link to a form about the import keeps what was entered, as the button that it names does.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-keep]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  form.requestSubmit(document.getElementById(link.dataset.keep));
});
form.addEventListener("change", (event) => {
  if (!event.target.matches("[data-format]") || event.target.value !== "other") return;
  const details = event.target.parentElement.querySelector("details[id$=-more]");
  details.open = true;
  details.querySelector("input").select();
});
// Only what is put into the dialog opens it: its "close" event comes later than it closes, and another swap may lie between.
new MutationObserver(() => { if (dialog.childElementCount && !dialog.open) dialog.showModal(); }).observe(dialog, { childList: true });
document.addEventListener("dialog-done", () => {
  dialog.close();
  document.getElementById("taken")?.focus();
});
dialog.addEventListener("close", () => { if (!dialog.open) dialog.replaceChildren(); });
dialog.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  event.preventDefault();
  dialog.close();
});
dialog.addEventListener("input", () => {
  const name = dialog.querySelector("[name=name]")?.value ?? "";
  for (const place of dialog.querySelectorAll("[data-derived]")) place.textContent = name.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^_|_$/g, "");
});

const sendChosen = () => { if (chosen.files.length) send(chosen.files[0]); };
chosen.addEventListener("change", sendChosen);
sendChosen(); // a file that was chosen before this script was here
document.getElementById("send").hidden = true;
document.getElementById("file-form").addEventListener("submit", (event) => event.preventDefault());
area.addEventListener("dragover", (event) => event.preventDefault());
area.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
});
