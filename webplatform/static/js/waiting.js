// The page of a photo that has no result yet: ask until there is one, then show it.
// Without this script the page reloads itself.

const main = document.querySelector("main");
const live = document.querySelector("#live");
const pending = document.querySelector(".pending");
const trouble = pending.querySelector(".trouble");
const headings = { analysing: "Your photo is being analysed." };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Return the state, held back by the server for up to `wait` seconds until it is final. */
async function ask(wait) {
  const answer = await fetch(`${pending.dataset.prediction}?wait=${wait}`, {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout((wait + 10) * 1000),
  });
  if ([401, 403, 404].includes(answer.status)) {
    location.reload(); // logged out, or deleted: the page itself says so
    await sleep(60_000);
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return (await answer.json()).state;
}

function tell(state) {
  if (state === pending.dataset.state) return;
  pending.dataset.state = state;
  if (headings[state]) {
    pending.querySelector("h1").textContent = headings[state];
    live.textContent = headings[state];
  }
}

async function showResult() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  main.replaceChildren(...page.querySelector("main").childNodes);
  scrollTo(0, 0);
  main.querySelector("h1").focus({ preventScroll: true });
  live.textContent = main.querySelector(".outcome").textContent.trim();
}

let failures = 0;
// The first answers come soon, to tell waiting from being analysed.
for (const wait of (function* () { yield 1; yield 3; while (true) yield 20; })()) {
  const asked = performance.now();
  try {
    const state = await ask(wait);
    failures = 0;
    trouble.textContent = "";
    if (state === "ready" || state === "failed") {
      await showResult();
      break;
    }
    tell(state);
    // A busy server answers at once; it is not to be asked more than once a second.
    await sleep(Math.max(0, 1000 - (performance.now() - asked)));
  } catch {
    failures += 1;
    trouble.textContent =
      "The connection is lost. Your photo is safe; this page keeps asking for the result.";
    await sleep(Math.min(30_000, 1000 * 2 ** failures) * (0.5 + Math.random() / 2));
  }
}
