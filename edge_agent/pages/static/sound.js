// Beeps: accepted is one high, refused is two low ones. Everything that a beep says stands on the page as well, so
// nothing depends on it: without sound, without permission or switched off, the page works the same.
(() => {
  "use strict";
  const KEY = "tillwire-beeps";
  let speaker = null;
  const wanted = () => { try { return localStorage.getItem(KEY) !== "off"; } catch { return true; } };

  function tone(pitch, from, length) {
    const source = speaker.createOscillator();
    const loudness = speaker.createGain();
    const start = speaker.currentTime + from;
    source.type = "square";
    source.frequency.value = pitch;
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.08, start + 0.004);
    loudness.gain.setValueAtTime(0.08, start + length - 0.01);
    loudness.gain.linearRampToValueAtTime(0, start + length);
    source.connect(loudness).connect(speaker.destination);
    source.start(start);
    source.stop(start + length);
  }

  function beep(good) {
    // Several tabs show one till: only the one that is looked at speaks.
    if (!wanted() || document.visibilityState !== "visible") return;
    try {
      if (speaker?.state !== "running") return; // not allowed yet; never beep late
      if (good) tone(1760, 0, 0.07);
      else { tone(220, 0, 0.13); tone(196, 0.19, 0.2); }
    } catch { /* no sound device */ }
  }

  // Browsers allow sound after the first touch or key; until then, and without a sound device, beeps are left out.
  function wake() {
    try {
      speaker ??= new AudioContext();
      if (speaker.state === "suspended") speaker.resume().catch(() => {});
    } catch { /* no sound device */ }
  }

  function show() {
    document.getElementById("sound")?.setAttribute("aria-pressed", String(wanted()));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#sound")) return;
    try { localStorage.setItem(KEY, wanted() ? "off" : "on"); } catch { return; }
    show();
    beep(true);
  });
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, wake, { passive: true });
  show();
  window.tillwireBeep = beep;
})();
