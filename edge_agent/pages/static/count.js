// Fields in the side panels: Enter goes to the next empty one, a drawer is added up while it is counted, and what was
// typed into a count survives when the panel is drawn anew (a supervisor's PIN may come in between).
(() => {
  "use strict";
  const COUNTS_KEPT_MAX = 8;
  const side = document.getElementById("panel-side");
  const kept = new Map(); // by form: what was typed, by field

  function fields(form) { return [...form.querySelectorAll("input:not([type=hidden]):not([type=password])")]; }

  function keep(form) {
    kept.delete(form.dataset.count);
    kept.set(form.dataset.count, new Map(fields(form).map((field) => [field.name, field.value])));
    if (kept.size > COUNTS_KEPT_MAX) kept.delete(kept.keys().next().value);
  }

  function restore(form) {
    const typed = kept.get(form.dataset.count);
    for (const field of fields(form)) if (typed?.get(field.name)) field.value = typed.get(field.name);
    add(form);
  }

  function shown(value) {
    const facts = document.getElementById("fields").dataset;
    const decimals = Number(facts.decimals);
    const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
    const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, facts.group);
    return (value < 0 ? "\u2212" : "") + whole + (decimals ? facts.mark + digits.slice(-decimals) : "");
  }

  function minor(text) {
    const decimals = Number(document.getElementById("fields").dataset.decimals);
    const match = decimals ? text.match(new RegExp(`^(.*\\d)[.,](\\d{1,${decimals}})$`)) : null;
    const whole = (match ? match[1] : text).replace(/\D/g, "");
    return Number((whole || "0") + (match ? match[2] : "").padEnd(decimals, "0"));
  }

  function add(form) {
    const sum = form.querySelector("[data-sum]");
    if (!sum) return;
    let total = 0;
    let counted = false;
    for (const field of form.querySelectorAll("[data-value]")) {
      counted ||= field.value !== "";
      total += Number(field.dataset.value) * (Number.parseInt(field.value, 10) || 0);
    }
    const alone = form.elements.amount_money;
    if (!counted && alone?.value) { total = minor(alone.value); counted = true; }
    sum.textContent = shown(total);
    const over = form.querySelector("[data-over]");
    if (over) over.textContent = counted ? shown(total - Number(form.dataset.expected)) : "";
  }

  // In the capturing phase: the pad's own input events do not bubble.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-count]");
    if (!form) return;
    if (event.target.dataset.value) event.target.value = event.target.value.replace(/\D/g, "");
    keep(form);
    add(form);
  }, true);

  side.addEventListener("focusin", (event) => {
    if (!event.target.matches("form[data-count] input")) return;
    for (const each of side.querySelectorAll("[data-home]")) each.removeAttribute("data-home");
    event.target.setAttribute("data-home", ""); // where the keys of a pad go back to
    const pad = side.querySelector(".count-pad .pad");
    if (pad) pad.dataset.for = event.target.id;
  });

  side.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    const after = event.target.dataset.next && document.getElementById(event.target.dataset.next);
    const inputs = event.target.dataset.value ? [...side.querySelectorAll("[data-value]")] : [];
    const next = after && !after.value ? after : inputs[inputs.indexOf(event.target) + 1];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.select();
  });

  side.addEventListener("tillwire:drawn", () => { for (const form of side.querySelectorAll("form[data-count]")) restore(form); });
  // What was done is not offered again: the next form begins empty.
  const DONE = { cash_moved: "cash-move", shift_opened: "open-", shift_closed: "close-" };
  document.addEventListener("tillwire:said", (event) => {
    const done = DONE[event.detail];
    for (const name of [...kept.keys()]) if (done && name.startsWith(done)) kept.delete(name);
  });
})();
