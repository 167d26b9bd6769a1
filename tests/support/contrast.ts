/** Test support: how legible the texts of a page are, by WCAG 2. `unreadableTexts` runs in the page, alone. */

/** Texts whose contrast is below AA, with what they are and how far they are off. Disabled controls are exempt. */
export function unreadableTexts(): string[] {
  type Colour = [red: number, green: number, blue: number, alpha: number];
  const parse = (css: string): Colour => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue, alpha];
  };
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (at: 0 | 1 | 2) => top[at] * top[3] + below[at] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const luminance = (colour: Colour): number => {
    const linear = (at: 0 | 1 | 2) => {
      const share = colour[at] / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2);
  };
  const ratio = (a: Colour, b: Colour): number => {
    const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  /** Behind the picture's overlays may be anything: black and white are the extremes. */
  const grounds = (element: Element): Colour[] => {
    const layers: Colour[] = [];
    for (let at: Element | null = element; at; at = at.parentElement) {
      layers.push(parse(getComputedStyle(at).backgroundColor));
      if (layers[layers.length - 1]![3] === 1) break;
    }
    const extremes: Colour[] = element.closest(".view")
      ? [
          [0, 0, 0, 1],
          [255, 255, 255, 1],
        ]
      : [[255, 255, 255, 1]];
    const fromBelow = layers.reverse();
    return extremes.map((ground) => fromBelow.reduce((below, layer) => over(layer, below), ground));
  };
  const bad: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim();
    if (!element || !text || !element.checkVisibility()) continue;
    if (element.closest(":disabled, .hidden-text, script, style, option")) continue;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    for (const ground of grounds(element)) {
      const measured = ratio(over(parse(style.color), ground), ground);
      if (measured < (isLarge ? 3 : 4.5)) bad.push(`${text.slice(0, 40)}: ${measured.toFixed(2)}`);
    }
  }
  return bad;
}
