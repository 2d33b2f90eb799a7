// The page's life: pieces of HTML come over one stream, orders go out as forms. The page decides nothing; what a
// cashier typed, which panel is open and which line is marked are the only things that live here.
// Measuring: body.dataset.revision changes when a view stands on the page.
(() => {
  "use strict";
  const SILENCE_MAX_MS = 13000; // the till gives a sign of life every five seconds
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const code = byId("code");
  const given = byId("given");
  const quantity = byId("quantity");
  const build = { version: byId("stage").dataset.version, language: byId("stage").dataset.language };
  let serial = Number(byId("stage").dataset.serial); // a notice that was there before the page makes no sound
  let sale = byId("stage").dataset.sale;
  let marked = null; // number of the line that the keys work on; null is the newest
  let newest = document.querySelector("#lines > .line:last-child")?.id;

  // ---- what the till sends
  let heard = 0;

  function connect() {
    const source = new EventSource("/events");
    source.addEventListener("view", (event) => { alive(); apply(event.data); });
    source.addEventListener("alive", alive);
    source.onerror = () => {
      wire("down");
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000); // answered, but not with a stream
    };
    const watch = setInterval(() => {
      if (source.readyState === EventSource.CLOSED) return clearInterval(watch);
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
    byId("lost").hidden = state === "up";
    if (state === "up") failed(false);
  }

  function apply(html) {
    htmx.swap(body, html, { swapStyle: "none" });
    const stage = byId("stage").dataset;
    if (stage.version !== build.version || stage.language !== build.language) return location.reload();
    body.dataset.stage = stage.stage;
    if (stage.sale !== sale) {
      sale = stage.sale;
      marked = null;
      given.value = "";
      if (["cash", "quantity"].includes(body.dataset.panel)) panel("");
    }
    if (Number(stage.serial) !== serial) { said(stage); again(); }
    want(stage.wants);
    panel(body.dataset.panel);
    mark();
    preview();
    body.dataset.revision = stage.revision;
  }

  function said(stage) {
    serial = Number(stage.serial);
    const good = stage.good === "yes";
    body.dataset.bad = good ? "no" : "yes";
    failed(false);
    window.tillwireBeep?.(good);
    document.dispatchEvent(new CustomEvent("tillwire:said", { detail: stage.notice }));
    if (stage.notice === "sign_in_first") wanted = "";
    // A panel that has done its work closes; one that helps now opens.
    if (side.firstElementChild?.dataset.closes?.split(" ").includes(stage.notice)) panel("");
    if (stage.helps) panel(`@${stage.helps}`);
    const last = document.querySelector("#lines > .line:last-child")?.id;
    if (last === newest && stage.notice !== "line_added") return;
    if (last !== newest) marked = null;
    newest = last;
    if (marked === null) toNewest();
  }

  function toNewest() {
    const lines = byId("lines");
    lines.scrollTop = lines.scrollHeight;
  }

  // ---- what the cashier sends
  let before = Promise.resolve(); // scans arrive in the order in which they were typed

  function scan(text) {
    before = before.then(async () => {
      if (!(await send("/order/scan", { code: text })) && !code.value) code.value = text; // not lost: Enter tries again
    });
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
    body.dataset.failed = yes ? "yes" : "no";
    byId("failed").hidden = !yes || body.dataset.wire === "down";
  }

  document.addEventListener("htmx:afterRequest", (event) => answered(event.detail.xhr.status || 500));

  // ---- find field
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = code.value.trim();
    if (!text) return big();
    code.value = "";
    scan(text);
  });

  // "3*" goes to the till at once, which shows it: the next scan may come from the scanner and not through this field.
  code.addEventListener("input", () => {
    body.dataset.bad = "no";
    if (!/^\d{1,6}([.,]\d{1,3})?\*$/.test(code.value)) return;
    scan(code.value);
    code.value = "";
  });

  function forgetQuantity() {
    if (byId("pending").dataset.waits === "yes") scan("1*");
  }

  // ---- panels beside the receipt
  // "@shift" is a panel that the till draws when it is opened: GET /panel/shift. It stands in #panel-side.
  const side = byId("panel-side");
  let asked = ""; // the address of what stands in the side panel

  function load(address) {
    asked = address;
    return htmx.ajax("GET", `/panel/${address}`, { source: side, target: side });
  }

  function again() {
    if (body.dataset.panel === "side" && asked && side.querySelector("[data-live]")) load(asked);
  }

  // Who has to sign in, or to allow something, is asked at once; the answer closes the panel.
  // A count that was under way goes on then.
  let wanted = "";
  let interrupted = "";

  function want(name) {
    if (name === wanted) return;
    const before = wanted;
    wanted = name;
    if (!before) interrupted = asked.startsWith("shift_") ? `@${asked}` : "";
    if (name) panel(`@${name}`);
    else if (asked.split("?")[0] === before) panel(interrupted);
  }

  // What was asked for and is not wanted any more comes too late.
  side.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target === side && event.detail.pathInfo.requestPath !== `/panel/${asked}`) event.detail.shouldSwap = false;
  });
  side.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === side || document.activeElement === body) home(); // a part of it leaves the focus alone
  });

  function panel(name) {
    name = address(name);
    if (name?.startsWith("@")) { load(name.slice(1)); name = "side"; }
    let wanted = name && byId(`panel-${name}`) ? name : "";
    if ((wanted === "cash" || wanted === "quantity") && body.dataset.stage !== "cart") wanted = "";
    const changed = body.dataset.panel !== wanted;
    body.dataset.panel = wanted;
    for (const each of document.querySelectorAll(".panel")) each.classList.toggle("open", each.id === `panel-${wanted}`);
    for (const each of document.querySelectorAll("[data-panel-open]")) each.setAttribute("aria-expanded", String(each.dataset.panelOpen === (asked ? `@${asked}` : wanted)));
    if (wanted !== "side") { asked = ""; side.replaceChildren(); }
    if (!changed) return;
    if (wanted !== "cash") given.value = "";
    if (wanted === "quantity") askQuantity();
    preview();
    home();
  }

  // "@note?number={line}" means the marked line.
  const address = (name) => name?.replace("{line}", line()?.dataset.number || "0");

  const toggle = (to) => { const name = address(to); panel(body.dataset.panel === name || (asked && `@${asked}` === name) ? "" : name); };

  function home() {
    const field = { cash: given, quantity, side: side.querySelector("[data-home]") }[body.dataset.panel] || code;
    field.focus({ preventScroll: true });
  }

  function big() {
    if (body.dataset.stage === "done") byId("go-new")?.click();
    else if (body.dataset.stage === "cart") panel("cash");
  }

  // ---- the marked line
  const line = () => byId(`line-${marked}`) || document.querySelector("#lines > .line:last-child");

  function mark() {
    const chosen = line();
    for (const each of document.querySelectorAll("#lines > .line")) each.classList.toggle("marked", each === chosen);
  }

  function move(step) {
    const next = step < 0 ? line()?.previousElementSibling : line()?.nextElementSibling;
    if (!next) return;
    marked = Number(next.dataset.number);
    mark();
    next.scrollIntoView({ block: "nearest" });
  }

  function change(step) {
    const chosen = line();
    if (!chosen || body.dataset.stage !== "cart") return;
    const now = Math.round(Number(chosen.dataset.quantity) * 1000);
    const next = now + Math.sign(now) * step * 1000;
    if (Math.sign(next) !== Math.sign(now)) return; // the last one is taken off with its own key
    send("/order/set_quantity", { sale_id: sale, number: chosen.dataset.number, quantity: String(next / 1000) });
  }

  function takeOff() {
    const chosen = line();
    if (!chosen || body.dataset.stage !== "cart") return;
    send("/order/void_line", { sale_id: sale, number: chosen.dataset.number });
    marked = null;
  }

  function askQuantity() {
    const chosen = line();
    byId("quantity-of").textContent = chosen?.querySelector(".t b").textContent || "";
    byId("panel-quantity").dataset.number = chosen?.dataset.number || "";
    quantity.value = "";
    quantity.placeholder = chosen?.querySelector(".q").textContent.trim() || "";
  }

  byId("panel-quantity").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = quantity.value.trim();
    if (text) send("/order/set_quantity", { sale_id: sale, number: event.currentTarget.dataset.number, quantity: text });
    panel("");
  });

  // ---- cash
  function minor(text, decimals) {
    const match = decimals ? text.match(new RegExp(`^(.*\\d)[.,](\\d{1,${decimals}})$`)) : null;
    const whole = (match ? match[1] : text).replace(/\D/g, "");
    return whole ? Number(whole + (match ? match[2] : "").padEnd(decimals, "0")) : null;
  }

  function shown(value, facts) {
    const digits = String(Math.abs(value)).padStart(Number(facts.decimals) + 1, "0");
    const cut = digits.length - Number(facts.decimals);
    const whole = digits.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, facts.group);
    return cut < digits.length ? whole + facts.mark + digits.slice(cut) : whole;
  }

  function preview() {
    const facts = byId("fields").dataset;
    const value = minor(given.value, Number(facts.decimals));
    const output = byId("preview");
    if (value === null) { output.dataset.way = ""; return; }
    const rest = value - Number(facts.total);
    output.dataset.way = rest < 0 ? "short" : "back";
    for (const figure of output.querySelectorAll("b")) figure.textContent = shown(rest, facts);
  }

  given.addEventListener("input", () => {
    const facts = byId("fields").dataset;
    if (facts.decimals === "0" && given.selectionStart === given.value.length) {
      given.value = given.value.replace(/\D/g, "").replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, facts.group);
    }
    preview();
  });

  // ---- touch and mouse
  const deeds = {
    less: () => change(-1), more: () => change(1), void: takeOff, find: () => { panel(""); home(); },
    quantity: () => toggle("quantity"), help: () => toggle("help"),
  };

  document.addEventListener("click", (event) => {
    const hit = event.target.closest("button, .line, input");
    if (hit?.matches("[data-panel-open]")) toggle(hit.dataset.panelOpen);
    else if (hit?.matches("[data-panel-close]")) panel("");
    else if (hit?.matches("[data-do]")) deeds[hit.dataset.do]();
    else if (hit?.matches(".line")) { marked = Number(hit.dataset.number); mark(); }
    else if (hit?.matches("[data-key]")) press(hit.dataset.key, byId(hit.parentElement.dataset.for));
    // After a press by hand the field is wanted next, but only after the form has seen which button it was.
    if (event.detail > 0 && !hit?.matches("input")) setTimeout(home);
  });

  function press(key, field) {
    if (key === "⌫") field.value = field.value.replace(/\d\D*$/, "");
    else if (field.value.length + key.length <= field.maxLength) field.value += key;
    field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new Event("input"));
  }

  window.tillwire = { panel, toggle, home, move, takeOff, scan, forgetQuantity, line, fields: { code, given, quantity } };
  mark();
  toNewest();
  want(byId("stage").dataset.wants);
  connect();
  home();
})();
