// The page's life: pieces of HTML come over one stream, orders go out as forms. The page decides nothing; what a
// cashier typed, which panel is open and which line is marked are the only things that live in it.
// The newest window is the live one; older ones say so and let go. Measuring: body.dataset.revision changes when a
// view stands on the page.
(() => {
  "use strict";
  const SILENCE_MAX_MS = 13000; // the till gives a sign of life every five seconds
  const BOUNCE_MS = 500; // a second press so soon after a sale is the first one again
  const SENT_MAX_MS = 1500; // what a notice that comes later than this answers is another order
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const code = byId("code");
  const side = byId("panel-side");
  const build = { version: byId("stage").dataset.version, language: byId("stage").dataset.language };
  const tab = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");
  let serial = Number(byId("stage").dataset.serial); // a notice that was there before the page makes no sound
  let sale = byId("stage").dataset.sale;
  let doneAt = -Infinity; // when a sale was done

  // What the style sheets and the tests read. Writing what is there already would cost a walk through all styles.
  function tell(fact, value) {
    if (body.dataset[fact] !== value) body.dataset[fact] = value;
  }

  const fire = (name, detail) => document.dispatchEvent(new CustomEvent(`tillwire:${name}`, { detail }));

  // ---- what the till sends
  let source = null;
  let heard = 0;

  function connect() {
    source = new EventSource(`/events?tab=${tab}`);
    const mine = source;
    mine.addEventListener("view", (event) => { alive(); apply(event.data); });
    mine.addEventListener("alive", alive);
    mine.addEventListener("elsewhere", () => { mine.close(); wire("elsewhere"); });
    mine.onerror = () => {
      if (body.dataset.wire === "elsewhere") return;
      wire("down");
      if (mine.readyState === EventSource.CLOSED) setTimeout(connect, 1000); // answered, but not with a stream
    };
    const watch = setInterval(() => {
      if (mine.readyState === EventSource.CLOSED) return clearInterval(watch);
      if (heard && performance.now() - heard > SILENCE_MAX_MS) wire("down");
    }, 1000);
  }

  function alive() {
    heard = performance.now();
    wire("up");
  }

  function wire(state) {
    if (body.dataset.wire === state) return;
    body.dataset.wire = state;
    byId("lost").hidden = state !== "down";
    byId("other-window").hidden = state !== "elsewhere";
    if (state === "elsewhere") document.querySelector("#other-window button").focus();
    if (state === "up") failed(false);
  }

  function apply(html) {
    window.tillwirePieces.show(html);
    const stage = byId("stage").dataset;
    if (stage.version !== build.version || stage.language !== build.language) return location.reload();
    if (stage.stage === "done" && body.dataset.stage !== "done") doneAt = performance.now();
    for (const fact of ["stage", "locked", "training", "work"]) tell(fact, stage[fact]);
    const other = stage.sale !== sale;
    sale = stage.sale;
    fire("shown", { other });
    if (other && ["cash", "quantity"].includes(body.dataset.panel)) panel("");
    if (Number(stage.serial) !== serial) said(stage);
    want(stage.wants);
    panel(body.dataset.panel);
    body.dataset.revision = stage.revision;
  }

  function said(stage) {
    serial = Number(stage.serial);
    const good = stage.good === "yes";
    tell("bad", good ? "no" : "yes");
    failed(false);
    window.tillwireBeep?.(good);
    if (stage.notice === "sign_in_first") wanted = "";
    fire("said", stage.notice);
    // A panel that has done its work closes; one that helps now opens; one that shows what changed is drawn anew.
    // Hands that are faster than the answer have opened something else meanwhile: that stays.
    const answers = performance.now() - sent.at < SENT_MAX_MS;
    const overtaken = answers && sent.asked !== asked;
    const form = answers && !overtaken ? sent.form : null;
    sent = { at: -Infinity, form: null, asked: "" };
    const closes = drawn === asked && side.firstElementChild?.dataset.closes?.split(" ").includes(stage.notice);
    if (stage.open && !overtaken) panel(`@${stage.open}`);
    else if (good && (closes || form?.matches("[data-close]"))) panel("");
    else if (body.dataset.panel === "side" && asked && side.querySelector("[data-live]")) load(asked, good && form);
  }

  // ---- what the cashier sends
  let before = Promise.resolve(); // scans arrive in the order in which they were typed
  let sent = { at: -Infinity, form: null, asked: "" };

  function scan(text, by = "") {
    before = before.then(async () => {
      const done = await send("/order/scan", { code: text, ...(by && { source: by }) });
      if (!done && !code.value) code.value = text; // not lost: Enter tries again
    });
    return before;
  }

  async function send(path, fields) {
    try {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" } });
      answered(answer.status);
      return answer.ok;
    } catch {
      failed(true);
      return false;
    }
  }

  function answered(status) {
    if (status === 401) location.reload(); // the till was installed anew: its page says what to do
    failed(status >= 400);
  }

  function failed(yes) {
    tell("failed", yes ? "yes" : "no");
    byId("failed").hidden = !yes || body.dataset.wire === "down";
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (side.contains(event.target) && event.detail.requestConfig?.verb === "post") sent = { at: performance.now(), form: event.target, asked };
  });
  document.addEventListener("htmx:afterRequest", (event) => answered(event.detail.xhr.status || 500));
  window.tillwireWedge?.onScan((text) => {
    const test = byId("scan-test"); // setting up: what a scanner that types sends is looked at and not sold
    if (test) test.textContent = text.replace(/[\x00-\x1f]/g, (sign) => `<${sign.charCodeAt(0).toString(16).padStart(2, "0")}>`);
    else if (body.dataset.wire !== "elsewhere") scan(text, "wedge");
  });

  // ---- panels beside the receipt
  // "@shift" is a panel that the till draws when it is opened: GET /panel/shift. It stands in #panel-side.
  let asked = ""; // the address of what the side panel is to show
  let drawn = ""; // the address of what stands there
  let loading = null;

  // The same panel drawn anew keeps what was typed into it, unless that was just taken (`fresh`).
  async function load(address, fresh = false) {
    const again = address === asked && !fresh && side.firstElementChild;
    asked = address;
    loading?.abort();
    const mine = loading = new AbortController();
    try {
      const answer = await fetch(`/panel/${address}`, { signal: mine.signal, headers: { "HX-Request": "true" } });
      const html = await answer.text();
      if (mine.signal.aborted) return false;
      answered(answer.status);
      if (answer.ok) show(html, again);
      return answer.ok;
    } catch (error) {
      if (error.name !== "AbortError") failed(true);
      return false;
    }
  }

  function show(html, again) {
    const typed = again ? fields().map((field) => [field.id, field.value, field === document.activeElement]) : [];
    drawn = asked;
    window.tillwirePieces.fill(side, html);
    for (const [id, value] of typed) if (id && byId(id) && value) byId(id).value = value;
    if (!again) requestAnimationFrame(() => { side.scrollTop = 0; }); // another panel is read from its beginning
    side.dispatchEvent(new CustomEvent("tillwire:drawn"));
    const focused = typed.find(([id, , on]) => on && byId(id));
    if (focused) byId(focused[0]).focus(); else if (!again || document.activeElement === body) home();
  }

  // A form that only asks: what it holds becomes the address of a panel.
  document.addEventListener("submit", (event) => {
    const to = event.target.dataset.panelForm;
    if (!to) return;
    event.preventDefault();
    panel(`${to}?${new URLSearchParams(new FormData(event.target))}`);
  });

  const fields = () => [...side.querySelectorAll("input:not([type=hidden]):not([type=password]), textarea")].filter((field) => field.value !== field.defaultValue);
  side.addEventListener("htmx:afterSwap", () => { if (document.activeElement === body) home(); });

  // Who has to sign in, to allow or to answer something is asked at once; the answer closes the panel.
  // A count that was under way goes on then.
  let wanted = "";
  let interrupted = "";

  function want(name) {
    if (name === wanted) return;
    const was = wanted;
    wanted = name;
    if (!was) interrupted = asked.startsWith("shift_") ? `@${asked}` : "";
    if (name) panel(`@${name}`);
    else if (asked.split("?")[0] === was) panel(interrupted);
  }

  // "@note?number={line}" means the marked line.
  const address = (name) => name?.replace("{line}", window.tillwire.line()?.dataset.number || "0");

  function panel(to) {
    let name = address(to);
    if (name?.startsWith("@")) { load(name.slice(1)); name = "side"; }
    let open = name && byId(`panel-${name}`) ? name : "";
    if (open === "cash" && !byId("go-pay")) open = "";
    if (open === "quantity" && !["cart", "work"].includes(body.dataset.stage)) open = "";
    const changed = body.dataset.panel !== open;
    tell("panel", open);
    for (const each of document.querySelectorAll(".panel")) {
      const opens = each.id === `panel-${open}`;
      if (each.classList.contains("open") !== opens) each.classList.toggle("open");
    }
    if (open !== "side" && (asked || side.firstChild)) { loading?.abort(); asked = ""; side.replaceChildren(); }
    const now = asked ? `@${asked.split("?")[0]}` : open;
    for (const each of document.querySelectorAll("[aria-expanded][data-panel-open]")) {
      const expanded = String(each.dataset.panelOpen.split("?")[0] === now);
      if (each.getAttribute("aria-expanded") !== expanded) each.setAttribute("aria-expanded", expanded);
    }
    if (!changed) return;
    fire("panel", open);
    home();
  }

  function toggle(to) {
    const name = address(to);
    panel(body.dataset.panel === name || (asked && `@${asked}` === name) ? "" : name);
  }

  function home() {
    const open = body.dataset.panel;
    const field = { cash: byId("given"), quantity: byId("quantity"), side: side.querySelector("[data-home]") }[open] || code;
    if (field !== document.activeElement) field.focus({ preventScroll: true }); // focusing lays the page out at once
  }

  function big() {
    document.querySelector(body.dataset.panel === "cash" ? "#go-pay" : "#go .big:not(:disabled)")?.click();
  }

  // The change stays on the screen when the press that paid bounces: the same key and the same place begin a new sale.
  document.addEventListener("click", (event) => {
    if (performance.now() - doneAt > BOUNCE_MS || !event.target.closest("#go-new")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  const showDisplay = () => window.open("/display", "tillwire-display", "popup,width=1024,height=768");

  // ---- touch and mouse
  const deeds = { find: () => { panel(""); home(); }, help: () => toggle("help"), here: () => location.reload(), display: showDisplay };

  document.addEventListener("click", (event) => {
    const hit = event.target.closest("button, .line, input, textarea, select, a");
    if (hit?.matches("[data-panel-open]")) toggle(hit.dataset.panelOpen);
    else if (hit?.matches("[data-panel-close]")) panel("");
    else if (hit?.matches("[data-do]")) deeds[hit.dataset.do]?.();
    else if (hit?.matches("[data-sell]")) sell(hit.dataset.sell);
    else if (hit?.matches("[data-key]")) press(hit.dataset.key, byId(hit.parentElement.dataset.for));
    // After a press by hand the field is wanted next, but only after the form has seen which button it was.
    if (event.detail > 0 && !hit?.matches("input, textarea, select")) setTimeout(home);
  });

  function sell(sku) {
    code.value = "";
    send("/order/sell_item", { sku });
    fire("sold", sku);
    if (body.dataset.panel === "side") panel("");
  }

  function press(key, field) {
    if (key === "⌫") field.value = field.value.replace(/\d\D*$/, "");
    else if (field.maxLength < 0 || field.value.length + key.length <= field.maxLength) field.value += key;
    if (field.type !== "number") field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new Event("input"));
  }

  window.tillwire = {
    panel, toggle, home, scan, send, sell, big, load, show, deeds, line: () => null, sale: () => sale, isAsked: () => asked, fields: { code },
    start() { want(byId("stage").dataset.wants); connect(); home(); },
  };
})();
