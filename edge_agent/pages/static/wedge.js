// Keyboard-wedge scanners: a scanner that types is told from a cashier who types, by timing and by the place of the keys.
//
// Promise: a scan is read by KeyboardEvent.code on the US layout, whatever layout, Caps Lock or input method the PC has;
// its characters do not stay in the field that has the focus; what a person types arrives there, in order, as typed.
// Traps: the first key of a scan looks like typing. So a digit is held for one gap before it goes on (70 ms, and only for
// a digit or "]"), a letter goes on at once and is taken back when a scan it was. Keys of an input method cannot be held,
// only taken back. A scanner lets go of each key before it presses the next, a hand does not: so keys of a cashier who
// types during a scan are sorted out and given to the field.
//
// window.tillwireWedge: onScan(callback) -> stop(); callback(text, timeStamp) for each scan.
// In the page: data-wedge="off" on an element leaves its keys alone; data-wedge="hold" holds letters there, too;
// data-wedge="pass" holds nothing, since what is typed there must show at once: a scan is taken back as a whole.
(function () {
  "use strict";

  var SETTINGS = {
    gapMs: 70, // scanners were seen to leave 2 to 55 ms between keys, hands 80 and more
    lengthMin: 4,
    lengthMax: 512,
    strangersMax: 3 // keys of a cashier inside one scan; more than that is another kind of scanner
  };
  var ENDS = { Enter: true, NumpadEnter: true, Tab: true };
  var MODIFIERS = /^(Shift|Control|Alt|Meta|OS)(Left|Right)?$|^(CapsLock|NumLock|ScrollLock|Fn|FnLock)$/;
  var PLACES = places();

  function places() {
    var table = {
      Space: "  ", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|", Semicolon: ";:",
      Quote: "'\"", Backquote: "`~", Comma: ",<", Period: ".>", Slash: "/?", IntlBackslash: "\\|",
      NumpadDecimal: "..", NumpadAdd: "++", NumpadSubtract: "--", NumpadMultiply: "**", NumpadDivide: "//"
    };
    var index;
    for (index = 0; index < 10; index += 1) {
      table["Digit" + index] = index + ")!@#$%^&*(".charAt(index);
      table["Numpad" + index] = String(index) + index;
    }
    for (index = 0; index < 26; index += 1) {
      table["Key" + String.fromCharCode(65 + index)] = String.fromCharCode(97 + index, 65 + index);
    }
    return table;
  }

  // What the key writes on the US layout; null for a key that writes nothing. With Ctrl: GS and its kin.
  function character(key) {
    var pair = Object.prototype.hasOwnProperty.call(PLACES, key.code) ? PLACES[key.code] : "";
    if (!pair || key.meta || key.alt) return null;
    // A numeric pad without Num Lock is arrows.
    if (key.code.indexOf("Numpad") === 0 && /^(Arrow|Home|End|Page|Insert|Delete|Clear)/.test(key.key)) return null;
    if (!key.ctrl) return pair.charAt(key.shift ? 1 : 0);
    return /^(Key|Bracket|Backslash)/.test(key.code) ? String.fromCharCode(pair.charCodeAt(0) & 31) : null;
  }

  // The pure part: keys in, decisions out. A key: {code, key, time, shift, ctrl, alt, meta, repeat, composing, hold, let}.
  // down() -> {pass: the key goes on as it is, release: held keys that were typing, scan: text or null,
  //            restore: take back what went on since `began`, began: a possible scan begins with this key}
  function reader(options) {
    var settings = options || SETTINGS;
    var burst = null;
    var endedAt = -Infinity;

    function isLate(time) { return time - burst.last > settings.gapMs; }

    function waiting() {
      var found = burst ? burst.keys.filter(function (key) { return !key.gone; }) : [];
      found.forEach(function (key) { key.gone = true; });
      return found;
    }

    function end(answer) {
      answer.release = answer.release.concat(waiting());
      burst = null;
      return answer;
    }

    function down(key) {
      var answer = { pass: true, release: [], scan: null, restore: false, began: false };
      var char;
      if (MODIFIERS.test(key.code)) return answer;
      if (key.repeat) { answer.pass = !burst || isLate(key.time); return answer; }
      if (burst && isLate(key.time)) end(answer);
      char = character(key);
      if (ENDS[key.code] || (burst && (char === "\r" || char === "\n"))) return finish(key, answer);
      if (char === null || (char < " " && (!burst || burst.keys.length < settings.lengthMin - 1))) return end(answer);
      return collect(key, char, answer);
    }

    function finish(key, answer) {
      var found = burst && sorted(burst.keys, key.time);
      if (found && found.text.length >= settings.lengthMin) {
        answer.scan = found.text;
        answer.release = answer.release.concat(found.strangers);
        answer.restore = burst.keys.some(function (each) { return each.gone; });
        answer.pass = false;
        endedAt = key.time;
        burst = null;
        return answer;
      }
      // CR and LF, or Enter twice: the second one must not press the page's big button.
      if (!burst && key.time - endedAt <= settings.gapMs) { answer.pass = false; endedAt = -Infinity; }
      return end(answer);
    }

    function collect(key, char, answer) {
      var held = !key.let && (!!burst || key.hold || /[0-9\]]/.test(char));
      if (!burst) {
        if (char === " ") return answer;
        burst = { keys: [], last: key.time };
        answer.began = true;
      }
      if (burst.keys.length >= settings.lengthMax) return end(answer);
      if (key.composing || key.key === "Dead") { // it is in the input method's hands already, and must not overtake
        held = false;
        answer.release = answer.release.concat(waiting());
      }
      burst.keys.push({ char: char, source: key, code: key.code, time: key.time, up: null, gone: !held });
      burst.last = key.time;
      answer.pass = !held;
      return answer;
    }

    function up(key) {
      var index;
      if (!burst) return;
      for (index = burst.keys.length - 1; index >= 0; index -= 1) {
        if (burst.keys[index].code === key.code && burst.keys[index].up === null) {
          burst.keys[index].up = key.time;
          return;
        }
      }
    }

    // A scanner's keys never overlap. Where two do, the one that was down for longer is a hand's, if such are few.
    function sorted(keys, endTime) {
      var rest = keys.slice();
      var strangers = [];
      var index = 0;
      while (index < rest.length && strangers.length <= settings.strangersMax) {
        var next = index + 1 < rest.length ? rest[index + 1] : null;
        if (until(rest[index]) <= (next ? next.time : endTime)) {
          index += 1;
        } else {
          strangers.push(rest.splice(next && heldFor(next) > heldFor(rest[index]) ? index + 1 : index, 1)[0]);
          index = Math.max(0, index - 1);
        }
      }
      if (strangers.length > settings.strangersMax || rest.length < settings.lengthMin) {
        rest = keys;
        strangers = [];
      }
      var text = rest.map(function (key) { return key.char; }).join("").replace(/[\x02\x03]/g, "");
      return { text: text, strangers: strangers };
    }

    function until(key) { return key.up === null ? Infinity : key.up; }

    function heldFor(key) { return until(key) - key.time; }

    return {
      down: down,
      up: up,
      // Keys that waited long enough to be typing. They stay known: a busy page may hear of the rest of a scan late.
      idle: function (time) { return burst && isLate(time) ? waiting() : []; },
      flush: waiting,
      waits: function () { return !!burst && burst.keys.some(function (key) { return !key.gone; }); }
    };
  }

  // For tests: what a list of {type, ...key} makes of an empty field -> {scans: [text], typed: text, passed: [bool]}.
  function replay(events, options) {
    var machine = reader(options);
    var scans = [];
    var passed = [];
    var typed = "";
    var before = "";
    function type(keys) { keys.forEach(function (key) { if (key.source.key.length === 1) typed += key.source.key; }); }
    events.forEach(function (event) {
      type(machine.idle(event.time));
      if (event.type === "up") { machine.up(event); return; }
      var answer = machine.down(event);
      if (!answer.restore) type(answer.release);
      if (answer.began) before = typed;
      if (answer.restore) { typed = before; type(answer.release); }
      if (answer.pass && event.key.length === 1) typed += event.key;
      if (answer.scan !== null) scans.push(answer.scan);
      passed.push(answer.pass);
    });
    type(machine.idle(Infinity));
    return { scans: scans, typed: typed, passed: passed };
  }

  // --- the page

  var machine = reader(SETTINGS);
  var callbacks = [];
  var snapshot = null;
  var composed = false;
  var timer = null;

  function keyOf(event, mode) {
    return {
      code: event.code, key: event.key, time: event.timeStamp, shift: event.shiftKey, ctrl: event.ctrlKey,
      alt: event.altKey, meta: event.metaKey, repeat: event.repeat, composing: event.isComposing || event.keyCode === 229,
      hold: mode === "hold", let: mode === "pass"
    };
  }

  function onKeyDown(event) {
    var field = document.activeElement;
    var mode = field && field.closest && field.closest("[data-wedge]");
    if (!event.isTrusted || !callbacks.length || !event.code || (mode && mode.dataset.wedge === "off")) return;
    var key = keyOf(event, mode ? mode.dataset.wedge : "");
    var answer = machine.down(key);
    if (!answer.pass) { event.preventDefault(); event.stopImmediatePropagation(); }
    if (!answer.restore) answer.release.forEach(type);
    if (answer.began) { snapshot = look(document.activeElement); composed = false; }
    composed = composed || key.composing;
    if (answer.restore) { takeBack(); answer.release.forEach(type); }
    if (answer.scan !== null) tell(answer.scan, event.timeStamp);
    wait();
  }

  function tell(text, time) {
    callbacks.slice().forEach(function (callback) { callback(text, time); });
  }

  function wait() {
    if (timer === null && machine.waits()) timer = window.setTimeout(lookAgain, SETTINGS.gapMs + 5);
  }

  function lookAgain() {
    timer = null;
    machine.idle(window.performance.now()).forEach(type);
    wait();
  }

  function flush() { machine.flush().forEach(type); }

  // A held key goes on: to the page's own keys first, then, if they leave it alone, into the field.
  function type(held) {
    var key = held.source;
    var target = document.activeElement || document.body;
    var again = new window.KeyboardEvent("keydown", {
      key: key.key, code: key.code, shiftKey: key.shift, ctrlKey: key.ctrl, bubbles: true, cancelable: true, composed: true
    });
    if (target.dispatchEvent(again) && key.key.length === 1 && !key.ctrl) insert(key.key);
  }

  function insert(text) {
    var field = document.activeElement;
    if (!field || field.disabled || field.readOnly || !(field.isContentEditable || isText(field))) return;
    // As if typed: with its input event, its limits of length, and undo. Old, and nothing replaces it.
    document.execCommand("insertText", false, text);
  }

  function isText(field) {
    return field.tagName === "TEXTAREA"
      || (field.tagName === "INPUT" && !/^(button|checkbox|radio|submit|reset|range|color|file|image)$/.test(field.type));
  }

  function look(field) {
    return field && isText(field) ? { field: field, value: field.value, selection: selection(field) } : null;
  }

  function selection(field) {
    return field.selectionStart === null ? null : [field.selectionStart, field.selectionEnd]; // null: type=number and such
  }

  function takeBack() {
    var field = snapshot && snapshot.field;
    if (!field || !field.isConnected) return;
    if (composed && document.activeElement === field) { field.blur(); field.focus(); } // ends what was being composed
    if (field.value === snapshot.value) return;
    field.value = snapshot.value;
    if (snapshot.selection) field.setSelectionRange(snapshot.selection[0], snapshot.selection[1]);
    field.dispatchEvent(new window.InputEvent("input", { bubbles: true, inputType: "historyUndo" }));
  }

  // On the window and first: before the page's own keys.
  window.addEventListener("keydown", onKeyDown, true);
  window.addEventListener("keyup", function (event) { machine.up(keyOf(event, "")); }, true);
  window.addEventListener("pointerdown", flush, true);
  window.addEventListener("blur", function (event) { if (event.target === window) flush(); }, true);

  window.tillwireWedge = {
    onScan: function (callback) {
      callbacks.push(callback);
      return function () { callbacks = callbacks.filter(function (each) { return each !== callback; }); };
    },
    reader: reader,
    replay: replay,
    settings: SETTINGS
  };
})();
