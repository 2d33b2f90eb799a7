// The theme button without a reload, the login link without a click, and the stock filter without a button.
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  document.querySelectorAll("form[data-theme-form]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const theme = isDark() ? "light" : "dark";
      root.dataset.theme = theme;
      const body = new URLSearchParams(new FormData(form));
      body.set("theme", theme);
      fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }); // also when the page is left at once
      window.dispatchEvent(new Event("themechange"));
    });
  });
  system.addEventListener("change", () => window.dispatchEvent(new Event("themechange")));

  const link = document.querySelector("form[data-submit-now]");
  if (link) link.requestSubmit();

  // "/" goes to the search field, as people know it from elsewhere
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches && event.target.matches("input, select, textarea");
    const field = document.querySelector("[data-search]");
    if (event.key === "/" && !typing && field) {
      event.preventDefault();
      field.focus();
    }
  });
})();
