// Words that are too faint to read, by WCAG 2.2 AA: 4.5 to 1, or 3 to 1 where they are large. What is switched off or
// dimmed on purpose is left out, and what stands on a pattern (its tokens are measured in test_style.py).
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.canvas.width = canvas.canvas.height = 1;
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const part = (value) => { const v = value / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  function ground(element) {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const style = getComputedStyle(each);
      if (style.backgroundImage !== "none") return null;
      layers.push(rgba(style.backgroundColor));
      if (each.matches(".pill")) layers.push(rgba(getComputedStyle(each, "::before").backgroundColor));
      if (layers.some((layer) => layer[3] === 1)) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  }
  const faults = [];
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!words.length || element.closest("svg, :disabled, .unseen, .elsewhere, [hidden], body[data-training='yes'] .line")) continue;
    if (!element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) continue;
    let dim = false;
    for (let each = element; each; each = each.parentElement) dim ||= Number(getComputedStyle(each).opacity) < 1 && !each.matches("kbd, .wide, em");
    const below = ground(element);
    if (dim || !below) continue;
    const style = getComputedStyle(element);
    const ink = rgba(style.color);
    ink[3] *= Number(style.opacity);
    const [lighter, darker] = [light(over(ink, below)), light(below)].sort((a, b) => b - a);
    const ratio = (lighter + 0.05) / (darker + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < least) faults.push(`${ratio.toFixed(2)} to 1, not ${least}: ${element.tagName.toLowerCase()}.${[...element.classList].join(".")} in ${element.parentElement.className}: ${element.textContent.trim().slice(0, 40)}`);
  }
  return faults;
}
