// The marked line: what the keys for quantity, note and taking off work on. The newest, unless another was chosen.
(() => {
  "use strict";
  const till = window.tillwire;
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const quantity = byId("quantity");
  const newestOf = () => document.querySelector("#lines > .line:last-child");
  let marked = null; // its number; null is the newest
  let newest = newestOf()?.id;

  const line = () => byId(`line-${marked}`) || newestOf();

  function mark() {
    const chosen = line();
    for (const each of document.querySelectorAll("#lines > .marked")) if (each !== chosen) each.classList.remove("marked");
    chosen?.classList.add("marked");
  }

  // With the frame that shows it, when the page has to be laid out anyway.
  function toNewest() {
    requestAnimationFrame(() => {
      const lines = byId("lines");
      lines.scrollTop = lines.scrollHeight;
    });
  }

  document.addEventListener("tillwire:shown", (event) => {
    if (event.detail.other) marked = null;
    mark();
  });

  document.addEventListener("tillwire:said", (event) => {
    const last = newestOf()?.id;
    if (last === newest && !["line_added", "work_line"].includes(event.detail)) return;
    if (last !== newest) marked = null;
    newest = last;
    mark();
    if (marked === null) toNewest();
  });

  function move(step) {
    const next = step < 0 ? line()?.previousElementSibling : line()?.nextElementSibling;
    if (!next) return;
    marked = Number(next.dataset.number);
    mark();
    next.scrollIntoView({ block: "nearest" });
  }

  // A store work's list is changed by orders of its own.
  function order(what, number, fields = {}) {
    const work = body.dataset.work;
    const names = { quantity: work ? "work_quantity" : "set_quantity", off: work ? "work_line_off" : "void_line" };
    const whose = work ? { work_id: work } : { sale_id: till.sale() };
    return till.send(`/order/${names[what]}`, { ...whose, number, ...fields });
  }

  const changeable = () => ["cart", "work"].includes(body.dataset.stage);

  // By steps and not to a number: what the till has may be more than what this page shows yet.
  function change(step) {
    const chosen = line();
    if (chosen && changeable()) order("quantity", chosen.dataset.number, { step });
  }

  function takeOff() {
    const chosen = line();
    if (!chosen || !changeable()) return;
    order("off", chosen.dataset.number);
    marked = null;
  }

  document.addEventListener("tillwire:panel", (event) => {
    if (event.detail !== "quantity") return;
    const chosen = line();
    byId("quantity-of").textContent = chosen?.querySelector(".t b").textContent || "";
    byId("panel-quantity").dataset.number = chosen?.dataset.number || "";
    quantity.value = "";
    quantity.placeholder = chosen?.querySelector(".q").textContent.trim() || "";
  });

  byId("panel-quantity").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = quantity.value.trim();
    if (text) order("quantity", event.currentTarget.dataset.number, { quantity: text });
    till.panel("");
  });

  document.addEventListener("click", (event) => {
    const hit = event.target.closest(".line");
    if (!hit || event.target.closest("button")) return;
    const again = hit === line() && event.target.closest(".q");
    marked = Number(hit.dataset.number);
    mark();
    if (again) till.panel("quantity"); // a touch on the quantity of the marked line changes it
  });

  Object.assign(till.deeds, { less: () => change(-1), more: () => change(1), void: takeOff, quantity: () => till.toggle("quantity") });
  Object.assign(till, { line, move, change, takeOff });
  till.fields.quantity = quantity;
  mark();
  toNewest();
})();
