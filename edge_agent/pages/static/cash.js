// What a customer hands over: grouped as it is typed, with the change or what is still missing beside it.
(() => {
  "use strict";
  const till = window.tillwire;
  const byId = (id) => document.getElementById(id);
  const given = byId("given");
  const facts = () => byId("fields").dataset;

  function minor(text, decimals) {
    const match = decimals ? text.match(new RegExp(`^(.*\\d)[.,](\\d{1,${decimals}})$`)) : null;
    const whole = (match ? match[1] : text).replace(/\D/g, "");
    return whole ? Number(whole + (match ? match[2] : "").padEnd(decimals, "0")) : null;
  }

  function shown(value) {
    const { decimals, group, mark } = facts();
    const digits = String(Math.abs(value)).padStart(Number(decimals) + 1, "0");
    const cut = digits.length - Number(decimals);
    const whole = digits.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, group);
    return cut < digits.length ? whole + mark + digits.slice(cut) : whole;
  }

  function preview() {
    const { decimals, total } = facts();
    const value = minor(given.value, Number(decimals));
    const output = byId("preview");
    const rest = (value ?? 0) - Number(total);
    output.dataset.way = value === null ? "" : rest < 0 ? "short" : "back";
    byId("given-row").dataset.way = value > 0 ? output.dataset.way : "";
    for (const figure of output.querySelectorAll("b")) figure.textContent = shown(rest);
  }

  // In any field for an amount of dong, thousands are set apart while they are typed.
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.("input[name$=_money]")) return;
    if (facts().decimals === "0" && field.selectionStart === field.value.length) {
      field.value = field.value.replace(/\D/g, "").replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, facts().group);
    }
    if (field === given) preview();
  }, true);

  document.addEventListener("tillwire:shown", (event) => {
    if (event.detail.other) given.value = "";
    preview();
  });
  document.addEventListener("tillwire:said", (event) => {
    if (event.detail === "paid_part") given.value = "";
    preview();
  });
  document.addEventListener("tillwire:panel", (event) => {
    if (event.detail !== "cash") given.value = "";
    preview();
  });
  till.deeds.part = () => till.send("/order/pay_cash", { ...Object.fromEntries(new FormData(byId("pay"))), part: "true" });
  till.fields.given = given;
  preview();
})();
