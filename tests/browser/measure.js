// What is wrong with the screen as it stands: cut or overflowing words, targets too small for a finger, a main button
// that has to be scrolled to. Returns a list of "fault: where: text".
() => {
  const TOUCH = 48;
  const SLACK = 1; // a pixel of rounding
  const faults = [];
  const seen = (element) => element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: false }) && element.getClientRects().length > 0;
  const name = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}.${[...element.classList].join(".")}`;
  const path = (element) => `${element.parentElement ? name(element.parentElement) : ""} > ${name(element)}`;
  const say = (what, element, more = "") => faults.push(`${what}: ${path(element)}: ${(element.getAttribute("aria-label") || element.innerText || element.id || "").trim().replace(/\s+/g, " ").slice(0, 60)} ${more}`.trim());
  // What shops and customers named may be shortened; our own words may not.
  const NAMED = ".line .t, .line .t *, .who, .who *, .result, .result *, .about *, .lines, .row .t, .row .t *, .note span, .name span, .paid, .saved *, .panel h2 > span";
  const measure = document.createElement("canvas").getContext("2d");

  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest("svg, .unseen, .line .t, [hidden], #other-window") || !seen(element)) continue;
    const style = getComputedStyle(element);
    if (element.clientWidth > 0 && style.display !== "inline" && !element.matches("input, .panel.open, .facts, .base, .key:has(.badge), .clock")) {
      const wide = element.scrollWidth - element.clientWidth;
      if (wide > SLACK && !element.matches(NAMED)) say("too wide", element, `by ${wide}`);
      const clips = style.overflowY === "hidden" || style.overflowY === "clip";
      const high = element.scrollHeight - element.clientHeight;
      if (clips && high > SLACK + 1 && !element.matches(`${NAMED}, body, .paper, .who p, .bar`)) say("too high", element, `by ${high}`);
    }
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const box = element.closest("button, .amount, .note, .banner, .pill, .tender, .hint, .choice, dd, dt, .big, .key, h2");
    for (const node of own) {
      if (!box || element.matches(NAMED) || box.matches(".result")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      const around = box.getBoundingClientRect();
      if (style.overflow !== "hidden" && (text.left < around.left - SLACK || text.right > around.right + SLACK)) say("over the edge", element, `of ${name(box)}`);
      const low = Math.max(around.top - text.top, text.bottom - around.bottom);
      if (style.overflow !== "hidden" && low > 3) say("above or below", element, `of ${name(box)} by ${Math.round(low)}`);
    }
    if (element.matches("input[placeholder]") && !element.value && element.placeholder && element.type !== "hidden") {
      const shown = getComputedStyle(element, "::placeholder");
      measure.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      const wide = measure.measureText(element.placeholder).width - (element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
      if (wide > 3 && shown && !element.name.endsWith("_money")) say("placeholder cut", element, `by ${Math.round(wide)}: ${element.placeholder}`);
    }
    if (element.matches("button, input:not([type=hidden]), select, textarea, a[href]")) {
      const target = element.closest("label, .amount, .find") || element;
      const rect = target.getBoundingClientRect();
      if (rect.height < TOUCH - .6 || rect.width < TOUCH - .6) say("small target", element, `${Math.round(rect.width)}x${Math.round(rect.height)}`);
    }
  }

  const panel = document.querySelector(".panel.open");
  const strong = panel && [...panel.querySelectorAll(".strong:is(button)")].find(seen);
  if (strong) {
    const view = panel.getBoundingClientRect();
    const rect = strong.getBoundingClientRect();
    if (rect.bottom > view.bottom + SLACK || rect.top < view.top - SLACK) say("below the fold", strong, `by ${Math.round(rect.bottom - view.bottom)}`);
    const top = document.elementFromPoint(rect.left + rect.width / 2, rect.top + rect.height / 2);
    if (top && !strong.contains(top)) say("covered", strong, `by ${name(top)}`);
  }
  return faults;
}
