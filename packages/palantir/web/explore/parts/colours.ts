/** The colours of the theme as canvases take them: those of custom properties, as they come out in light or in dark. */

const SERIES_COLOURS = 8;

export function seriesColour(index: number): string {
  return `--series-${(index % SERIES_COLOURS) + 1}`;
}

/** Of one element: the same name is looked up once. */
export function colourReader(host: HTMLElement): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    let colour = known.get(name);
    if (colour === undefined) {
      const probe = host.appendChild(document.createElement('span'));
      probe.style.color = `var(${name})`;
      colour = getComputedStyle(probe).color;
      probe.remove();
      known.set(name, colour);
    }
    return colour;
  };
}
