// The customer's window: draws what the till sends and counts a code's time down. It sends nothing.
(() => {
  "use strict";
  const screen = document.getElementById("screen");
  const version = screen.dataset.version;
  let until = 0;

  function draw(html) {
    const scene = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    if (scene.dataset.build !== version) return location.reload();
    document.documentElement.lang = scene.dataset.language;
    screen.replaceChildren(scene);
    const clock = screen.querySelector("[data-seconds]");
    until = clock ? performance.now() + Number(clock.dataset.seconds) * 1000 : 0;
    tick();
  }

  function tick() {
    const clock = screen.querySelector("[data-seconds] span");
    if (!clock) return;
    const left = Math.max(0, Math.round((until - performance.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }

  function connect() {
    const source = new EventSource("/display/events");
    source.addEventListener("view", (event) => draw(event.data));
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) setTimeout(connect, 1000); };
  }

  setInterval(tick, 500);
  connect();
})();
