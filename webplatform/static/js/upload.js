// The upload page: look at the photo before it is sent, see it being sent, stop it.
// Without this script the form works as it stands.

// The server's own words, see webplatform/photos/sanitise.py.
const REASONS = {
  tooManyBytes: "This file is larger than 20 MB. Please choose a smaller photo.",
  unsupportedKind:
    "This kind of file is not supported. Please use a JPEG, PNG, WebP or HEIC photo.",
  notAnImage: "This file is not a picture. Please choose a photo (JPEG, PNG, WebP or HEIC).",
};
const MAX_BYTES = 20 * 1024 * 1024;
const KINDS = /^image\/(jpeg|png|webp|hei[cf])$/;
const NAMES = /\.(jpe?g|png|webp|hei[cf])$/i;

const form = document.querySelector("form.upload");
const input = form.elements.photo;
const camera = document.querySelector("#camera");
const drop = form.querySelector(".drop");
const error = document.querySelector("#upload-error");
const live = document.querySelector("#live");
const figure = form.querySelector(".chosen");
const preview = figure.querySelector("img");
const progress = form.querySelector("progress");
const stage = form.querySelector(".sending label");
const analyse = form.querySelector("button:not([type])");

let sending = null;
let key = "";
let depth = 0;

/** Show the parts of the form that belong to a step: choose, ready or sending. */
function show(step) {
  for (const part of form.querySelectorAll("[data-step]")) {
    part.hidden = !part.dataset.step.split(" ").includes(step);
  }
  if (!matchMedia("(pointer: coarse)").matches) camera.parentElement.hidden = true;
}

function say(words) {
  live.textContent = words;
}

function refuse(words, step) {
  show(step);
  error.textContent = words;
  error.hidden = false;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", "kinds upload-error");
  error.focus();
}

function forgive() {
  error.hidden = true;
  input.removeAttribute("aria-invalid");
  input.setAttribute("aria-describedby", "kinds");
}

function fault(file) {
  if (!KINDS.test(file.type) && !(file.type === "" && NAMES.test(file.name))) {
    const otherKind = /^image\/|^application\/pdf$/.test(file.type);
    return otherKind ? REASONS.unsupportedKind : REASONS.notAnImage;
  }
  return file.size > MAX_BYTES ? REASONS.tooManyBytes : "";
}

function forget() {
  input.value = "";
  URL.revokeObjectURL(preview.src);
  preview.removeAttribute("src");
}

function chosen() {
  const file = input.files[0];
  if (!file) return;
  forgive();
  const reason = fault(file);
  if (reason) {
    forget();
    refuse(reason, "choose");
    return;
  }
  // Sent along, so that sending again after a lost answer is not a second photo.
  key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16)).join("-");
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  figure.querySelector(".no-preview").hidden = true;
  figure.querySelector("figcaption").textContent = file.name;
  show("ready");
  say(`${file.name} is chosen and not sent yet.`);
  analyse.focus();
}

function send(event) {
  event.preventDefault();
  if (!input.files.length) return;
  forgive();
  show("sending");
  progress.value = 0;
  stage.textContent = "Uploading";
  say("Uploading.");
  form.querySelector("[data-action=cancel]").focus();

  sending = new XMLHttpRequest();
  sending.open("POST", form.dataset.api);
  sending.responseType = "json";
  sending.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  sending.setRequestHeader("Idempotency-Key", key);
  sending.upload.onprogress = ({ loaded, total }) => {
    progress.value = Math.round((100 * loaded) / total);
    stage.textContent = `Uploading, ${progress.value} %`;
  };
  sending.upload.onload = () => {
    progress.removeAttribute("value");
    stage.textContent = "Checking the picture";
    say("Uploaded. Checking the picture.");
  };
  sending.onload = answered;
  sending.onerror = () => {
    refuse("The connection was lost. Your photo is still here: please try again.", "ready");
  };
  sending.onabort = () => {
    show("ready");
    say("Cancelled.");
    analyse.focus();
  };
  const body = new FormData();
  body.append("photo", input.files[0]);
  sending.send(body);
}

function answered() {
  const { status, response } = sending;
  if (status === 200 || status === 201) {
    location.assign(`${form.dataset.photos}${response.id}/`);
  } else if (status === 401 || status === 403) {
    // Logged out meanwhile: let the page itself say so.
    form.submit();
  } else if (response?.detail && status < 500) {
    forget();
    refuse(response.detail, "choose");
  } else {
    // The photo may have arrived; sent again with its key, it is not analysed twice.
    refuse(response?.detail ?? "The site does not answer. Please try again.", "ready");
  }
}

preview.addEventListener("error", () => {
  if (!preview.getAttribute("src")) return;
  preview.hidden = true;
  figure.querySelector(".no-preview").hidden = false;
});
input.addEventListener("change", chosen);
camera.addEventListener("change", () => {
  if (!camera.files.length) return;
  input.files = camera.files;
  chosen();
});
form.addEventListener("submit", send);
form.querySelector("[data-action=cancel]").addEventListener("click", () => sending.abort());
form.querySelector("[data-action=other]").addEventListener("click", () => {
  forget();
  show("choose");
  input.focus();
});

// A file may be dropped anywhere on the page: beside the zone it would replace the page.
const withFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => {
  if (withFiles(event)) drop.classList.toggle("over", ++depth > 0);
});
addEventListener("dragleave", (event) => {
  if (withFiles(event)) drop.classList.toggle("over", --depth > 0);
});
addEventListener("dragover", (event) => {
  if (withFiles(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!withFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.classList.remove("over");
  if (!drop.hidden || !analyse.hidden) {
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    chosen();
  }
});

form.classList.add("with-script");
form.querySelector(".with-js").hidden = matchMedia("(pointer: coarse)").matches;
// Going back in the browser may find a file still chosen.
show("choose");
if (error.hidden) chosen();
