// Keeps an open page alive: one stream says what changed, htmx asks for those parts anew.
// A hidden tab gives its connection back (a browser has six for each host); when it is looked at again, all is read anew.
(() => {
  "use strict";
  const KINDS = ["sales", "stock", "terminals", "alarms", "catalogue"];
  const HIDDEN_MS = 30_000;
  const RETRY_MS_MAX = 30_000;
  const signs = () => document.querySelectorAll(".connection");
  if (!signs().length) return;

  let source = null;
  let retryMs = 1_000;
  let timer = 0;

  const show = (state) => signs().forEach((sign) => { sign.dataset.state = state; });
  const tell = (kind) => document.body.dispatchEvent(new CustomEvent(`live-${kind}`));
  const tellAll = () => KINDS.forEach(tell);

  function close() {
    clearTimeout(timer);
    if (source) source.close();
    source = null;
  }

  function open() {
    close();
    source = new EventSource("/live");
    source.addEventListener("hello", () => {
      retryMs = 1_000;
      show("live");
      tellAll(); // what changed between the page's making and this moment
    });
    KINDS.forEach((kind) => source.addEventListener(kind, () => tell(kind)));
    source.onerror = () => {
      show("lost");
      if (source && source.readyState === EventSource.CLOSED) {
        timer = setTimeout(open, retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    };
  }

  let hiding = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_MS);
    else if (!source) open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
  open();

  // Rows that were not there before are tinted once.
  const known = new Map();
  const rows = (region) => [...region.querySelectorAll("tr[data-row]")];
  const remember = (region) => known.set(region.id, new Set(rows(region).map((row) => row.dataset.row)));
  document.querySelectorAll("[data-fresh]").forEach(remember);
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const region = event.detail.target;
    if (!region || !region.matches("[data-fresh]")) return; // none when a page comes back from the history
    const before = known.get(region.id) || new Set();
    rows(region).filter((row) => !before.has(row.dataset.row)).forEach((row) => {
      row.classList.add("fresh");
      setTimeout(() => row.classList.remove("fresh"), 2_500);
    });
    remember(region);
  });
})();
