/** The colours of the pages as a canvas can use them: variables of the style sheet, worked out by the browser for light or dark. */
const NAMES = [
  'ground',
  'surface',
  'raised',
  'line',
  'text',
  'quiet',
  'accent',
  'ok',
  'healthy',
  'warn',
  'bad',
  'unknown',
] as const;

export type Palette = Readonly<Record<(typeof NAMES)[number], string>> & { readonly font: string };

export function readPalette(host: Element): Palette {
  const probe = host.appendChild(document.createElement('i'));
  probe.hidden = true;
  const style = getComputedStyle(probe);
  const colours = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, style.color] as const;
  });
  const font = style.fontFamily;
  probe.remove();
  return { ...(Object.fromEntries(colours) as Record<(typeof NAMES)[number], string>), font };
}
