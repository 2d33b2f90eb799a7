// Searching while a name is typed into the find field. Digits stay a code; what finds something is shown at once, each
// letter's request ends the one before, and Enter takes the row that is lit.
(() => {
  "use strict";
  const till = window.tillwire;
  const { code } = till.fields;
  const body = document.body;
  const side = document.getElementById("panel-side");
  const LETTERS_MIN = 2;
  let searched = ""; // the text whose rows stand there
  let waiting = ""; // Enter came before the rows of this text did
  let chosen = 0;

  const rows = () => [...side.querySelectorAll("[data-found] [data-sell]")];
  const isOpen = () => body.dataset.panel === "side" && till.isAsked().split("?")[0] === "search";
  const isName = (text) => text.length >= LETTERS_MIN && /\p{L}/u.test(text) && !/^\d+[.,]?\d*\*/.test(text);

  code.addEventListener("input", () => {
    body.dataset.bad = "no";
    if (/^\d{1,6}([.,]\d{1,3})?\*$/.test(code.value)) { // "3*": shown at once, the next scan may come from the scanner
      till.scan(code.value);
      code.value = "";
    }
    const text = code.value.trim();
    waiting = "";
    if (isName(text)) find(text);
    else if (isOpen()) close();
  });

  async function find(text) {
    const fresh = !isOpen();
    if (fresh) side.replaceChildren();
    const loaded = till.load(`search?text=${encodeURIComponent(text)}`);
    if (fresh) till.panel("side");
    if (!(await loaded)) return;
    searched = side.querySelector("[data-found]")?.dataset.found ?? "";
    choose(0);
    if (waiting && waiting === searched) take();
  }

  function close() {
    searched = waiting = "";
    code.removeAttribute("aria-activedescendant");
    code.setAttribute("aria-expanded", "false");
    till.panel("");
  }

  function choose(index) {
    const all = rows();
    chosen = Math.max(0, Math.min(index, all.length - 1));
    all.forEach((row, at) => { row.setAttribute("aria-selected", String(at === chosen)); row.id = `found-${at}`; });
    code.setAttribute("aria-expanded", String(all.length > 0));
    if (!all.length) return code.removeAttribute("aria-activedescendant");
    code.setAttribute("aria-activedescendant", all[chosen].id);
  }

  // A code with letters in it stays a code: a row whose code is exactly the text comes first, and where nothing was
  // found the text goes to the till as it is.
  function take() {
    const text = code.value.trim();
    const all = rows();
    const exact = all.find((row) => [row.dataset.code, row.dataset.sell].some((name) => name?.toLowerCase() === text.toLowerCase()));
    const row = exact || all[chosen];
    code.value = "";
    if (row) till.sell(row.dataset.sell);
    else { till.scan(text); close(); }
  }

  document.getElementById("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = code.value.trim();
    if (!text) return till.big();
    if (isName(text)) {
      if (searched === text && isOpen()) take(); else waiting = text;
      return;
    }
    code.value = "";
    till.scan(text);
  });

  code.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (!step || !isOpen()) return;
    event.preventDefault();
    event.stopPropagation();
    choose(chosen + step);
    rows()[chosen]?.scrollIntoView({ block: "nearest" });
  }, true);

  document.addEventListener("tillwire:sold", () => { searched = waiting = ""; code.setAttribute("aria-expanded", "false"); });
  till.isSearching = isOpen;
  till.closeSearch = () => { code.value = ""; close(); };
})();
