// The keyboard: everything works without a mouse, from anywhere on the page. The browser's own keys that would take a
// cashier away from her sale (help, find, reload, print, back) do nothing here.
(() => {
  "use strict";
  const till = window.tillwire;
  const { code, given, quantity } = till.fields;
  const body = document.body;
  // A scanner that types is faster than any hand: eight digits and more, under 25 ms each, are a code and no amount.
  const SCAN_LENGTH_MIN = 8;
  const SCAN_KEY_MS_MAX = 25;
  const FUNCTION_KEYS = new Set(["F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10"]);
  const WITH_CONTROL = new Set("defghjklnoprstu");

  const keys = {
    F1: () => till.toggle("help"),
    F2: attention,
    F3: () => { till.panel(""); code.focus(); code.select(); },
    F8: () => till.panel("cash"),
    Escape: back,
  };

  const keysOfEmptyField = {
    "*": () => till.panel("quantity"),
    Delete: till.takeOff,
    ArrowUp: () => till.move(-1),
    ArrowDown: () => till.move(1),
    Backspace: till.forgetQuantity,
  };

  document.addEventListener("keydown", (event) => {
    const { key } = event;
    const taken = FUNCTION_KEYS.has(key)
      || ((event.ctrlKey || event.metaKey) && WITH_CONTROL.has(key.toLowerCase()))
      || (event.altKey && (key === "ArrowLeft" || key === "ArrowRight"));
    if (taken) event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[key]) { event.preventDefault(); if (!event.repeat) keys[key](); return; }
    const field = document.activeElement;
    if (keysOfEmptyField[key] && !body.dataset.panel && (field !== code || !code.value)) {
      event.preventDefault();
      keysOfEmptyField[key]();
    } else if (key.length === 1 && key !== " " && !field?.matches("input")) {
      till.home(); // the key itself goes on into the field
    } else if (field === code && key === "Tab" && code.value) {
      event.preventDefault(); // some scanners end a code with Tab
      code.form.requestSubmit();
    }
  }, true);

  function back() {
    if (body.dataset.panel) return till.panel("");
    till.forgetQuantity();
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

  // A scanner that types, while an amount is asked for: the code goes where codes go, the amount stays as it was.
  for (const field of [given, quantity]) {
    let since = 0;
    let kept = "";
    let typed = "";
    field.addEventListener("keydown", (event) => {
      if (event.key.length === 1) {
        if (event.timeStamp - since > SCAN_KEY_MS_MAX) { kept = field.value; typed = ""; }
        typed += event.key;
        since = event.timeStamp;
      } else if (event.key === "Enter" && typed.length >= SCAN_LENGTH_MIN && event.timeStamp - since <= SCAN_KEY_MS_MAX) {
        event.preventDefault();
        field.value = kept;
        field.dispatchEvent(new Event("input"));
        till.scan(typed);
        typed = "";
      }
    });
  }
})();
