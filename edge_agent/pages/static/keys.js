// The keyboard: everything works without a mouse, from anywhere on the page. The browser's own keys that would take a
// cashier away from her sale (help, find, reload, print, back) do nothing here, or something of ours.
(() => {
  "use strict";
  const till = window.tillwire;
  const { code } = till.fields;
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const FUNCTION_KEYS = new Set(["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11"]);
  const WITH_CONTROL = new Set("defghjklnoprstu");

  // A key does what its button does, and nothing while that is not offered.
  const touch = (selector) => () => { const button = document.querySelector(selector); if (button && !button.disabled) button.click(); };
  const shift = { F8: () => till.panel("@pay") };
  const keys = {
    F1: () => till.toggle("help"),
    F2: attention,
    F3: () => { till.panel(""); code.focus(); code.select(); },
    F4: () => till.toggle("@customer"),
    F5: () => till.toggle("@menu"),
    F6: touch("#keys [data-panel-open^='@discount']"),
    F7: touch("#keys [data-panel-open^='@return']"),
    F8: () => (byId("go-pay") ? till.panel("cash") : touch("#go .big")()),
    F9: touch("#keys [data-panel-open^='@h'], #tenders .tender"),
    F10: touch("#tenders [data-panel-open='@qr']"),
    F11: touch("#tenders [data-panel-open='@card']"),
    Escape: back,
  };

  const keysOfEmptyField = {
    "*": () => till.panel("quantity"),
    "+": () => till.change(1),
    "-": () => till.change(-1),
    "/": () => till.toggle("@quick"),
    Delete: till.takeOff,
    ArrowUp: () => till.move(-1),
    ArrowDown: () => till.move(1),
    Backspace: forgetQuantity,
  };

  document.addEventListener("keydown", (event) => {
    const { key } = event;
    const taken = FUNCTION_KEYS.has(key)
      || ((event.ctrlKey || event.metaKey) && WITH_CONTROL.has(key.toLowerCase()))
      || (event.altKey && (key === "ArrowLeft" || key === "ArrowRight"));
    if (taken) event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey || body.dataset.wire === "elsewhere") return;
    const deed = (event.shiftKey && shift[key]) || keys[key];
    if (deed) { event.preventDefault(); if (!event.repeat) deed(); return; }
    const field = document.activeElement;
    if (keysOfEmptyField[key] && !body.dataset.panel && (field !== code || !code.value)) {
      event.preventDefault();
      keysOfEmptyField[key]();
    } else if (field?.closest(".panel.open") && step(event, field)) {
      event.preventDefault();
    } else if (key.length === 1 && key !== " " && !field?.matches("input, textarea, select")) {
      till.home(); // the key itself goes on into the field
    } else if (field === code && key === "Tab" && code.value) {
      event.preventDefault(); // some scanners end a code with Tab
      code.form.requestSubmit();
    }
  }, true);

  // Up and down walk through a panel; in a field for text they still do, since these fields have one line.
  function step(event, field) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || field.matches("textarea, select, [type=number], [list]")) return false;
    const stops = [...field.closest(".panel").querySelectorAll("button:not(:disabled):not([tabindex='-1']), input:not([type=hidden]), select, textarea")].filter((stop) => stop.offsetParent);
    const next = stops[stops.indexOf(field) + by];
    if (!next) return true;
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function forgetQuantity() {
    if (byId("pending").dataset.waits === "yes") till.scan("1*");
  }

  function back() {
    if (till.isSearching()) return till.closeSearch();
    if (body.dataset.panel) return till.panel("");
    forgetQuantity();
    code.value = "";
    body.dataset.bad = "no";
    till.home();
  }

  // The question first, then the pills that are not fine, one after the other, then back.
  function attention() {
    const question = document.querySelector(".question button");
    if (question && body.dataset.panel) till.panel("");
    if (question && document.activeElement !== question) return question.focus();
    const wrong = [...document.querySelectorAll(".pill.look, .pill.act")].map((pill) => pill.dataset.panelOpen);
    const next = wrong[wrong.indexOf(body.dataset.panel) + 1];
    till.panel(next || (body.dataset.panel || wrong.length ? "" : "pill-0"));
  }

  till.start();
})();
