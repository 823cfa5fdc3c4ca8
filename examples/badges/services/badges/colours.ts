/** The colours of badges. White text on each of them has a contrast of at least 3:1, black text where it has not. */

/** What may be written for a colour, besides `rgb` and `rrggbb` in hexadecimal. */
export const COLOURS: Readonly<Record<string, string>> = {
  green: '#2f7d32',
  yellow: '#f2c037',
  orange: '#c65d07',
  red: '#b3261e',
  blue: '#1565a8',
  purple: '#6a3fa0',
  grey: '#5c6670',
};

const HEX = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

export function isColour(text: string): boolean {
  return Object.hasOwn(COLOURS, text) || HEX.test(text);
}

/** `#rrggbb` */
export function hexOf(colour: string): string {
  if (Object.hasOwn(COLOURS, colour)) return COLOURS[colour]!;
  const digits = HEX.exec(colour)![1]!.toLowerCase();
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`;
}

/** What can be read on this colour: white or black, by relative luminance (WCAG 2.2). */
export function textOn(hex: string): '#ffffff' | '#000000' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255),
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= 3 ? '#ffffff' : '#000000';
}

function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}
