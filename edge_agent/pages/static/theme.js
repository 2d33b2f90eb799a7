// Light or dark, before the first paint: what this browser chose last, else what the system says.
(() => {
  "use strict";
  const KEY = "tillwire-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const show = () => {
    const chosen = stored();
    if (chosen) root.dataset.theme = chosen;
    root.dataset.shownTheme = chosen || (system.matches ? "dark" : "light");
  };
  show();
  system.addEventListener("change", show);
  window.addEventListener("storage", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#theme")) return;
    try { localStorage.setItem(KEY, root.dataset.shownTheme === "dark" ? "light" : "dark"); } catch { return; }
    show();
  });
})();
