// Puts pieces of HTML where their ids stand. A scan must be on the screen within a frame, so this does no more than the
// till's own pieces need (htmx's swap cost twice as much as all of the till's work for a scan); it reads the same mark:
// hx-swap-oob is "true" (in the place of the element with its id), "delete", or "beforeend:#id".
// Who had the focus inside of a piece has it again afterwards. Scripts in the HTML never run: the till sends none.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const STOPS = "button, input, select, textarea, a[href], [tabindex]";
  const ASKING = "[hx-post], [hx-get]";

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html").body;

  // htmx looks at every element that it is shown; few parts have any that it is for.
  function wake(part) {
    if (part.matches(ASKING) || part.querySelector(ASKING)) htmx.process(part);
  }

  function put(piece) {
    const how = piece.getAttribute("hx-swap-oob");
    piece.removeAttribute("hx-swap-oob");
    if (how === "delete") return byId(piece.id)?.remove();
    if (how.startsWith("beforeend:")) return document.querySelector(how.slice("beforeend:".length)).append(...piece.childNodes);
    const old = byId(piece.id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && [...old.querySelectorAll(STOPS)].indexOf(focused);
    old.replaceWith(piece);
    wake(piece);
    if (focused) ((focused.id && byId(focused.id)) || piece.querySelectorAll(STOPS)[place])?.focus({ preventScroll: true });
  }

  window.tillwirePieces = {
    show(html) {
      for (const piece of [...parsed(html).children]) put(piece);
    },
    fill(place, html) {
      place.replaceChildren(...parsed(html).childNodes);
      wake(place);
    },
  };
})();
