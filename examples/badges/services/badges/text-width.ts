/** How wide a text is in 11 px Verdana, known without having the font. The numbers are its advance widths in 1/1000 em
 * for Latin text (U+0020 to U+00FF) and some punctuation. Other characters count as wide as the widest common one, so
 * that a badge is rather too wide than too narrow; the renderer fits the text to this width (`textLength`). */

const FONT_SIZE_PX = 11;
const UNKNOWN = 1000;

const PRINTABLE = [
  351, 393, 458, 818, 635, 1076, 726, 268, 454, 454, 635, 818, 363, 454, 363, 454, 635, 635, 635, 635, 635,
  635, 635, 635, 635, 635, 454, 454, 818, 818, 818, 545, 1000, 683, 685, 698, 770, 632, 574, 775, 751, 420,
  454, 692, 556, 842, 748, 787, 603, 787, 695, 683, 616, 731, 683, 988, 685, 615, 685, 454, 454, 454, 818,
  635, 635, 600, 623, 520, 623, 595, 351, 623, 632, 274, 344, 591, 274, 972, 632, 606, 623, 623, 426, 520,
  394, 632, 591, 818, 591, 591, 525, 634, 454, 634, 818,
];
const LATIN_1 = [
  351, 393, 635, 635, 635, 635, 454, 635, 635, 1000, 545, 644, 818, 454, 1000, 635, 541, 818, 541, 541, 635,
  639, 635, 363, 635, 541, 545, 644, 1000, 1000, 1000, 545, 683, 683, 683, 683, 683, 683, 984, 698, 632, 632,
  632, 632, 420, 420, 420, 420, 775, 748, 787, 787, 787, 787, 787, 818, 787, 731, 731, 731, 731, 615, 605,
  620, 600, 600, 600, 600, 600, 600, 955, 520, 595, 595, 595, 595, 274, 274, 274, 274, 611, 632, 606, 606,
  606, 606, 606, 818, 606, 632, 632, 632, 632, 591, 623, 591,
];

const widths = new Map<number, number>([
  ...PRINTABLE.map((width, index) => [0x20 + index, width] as const),
  ...LATIN_1.map((width, index) => [0xa0 + index, width] as const),
  [0x2013, 635],
  [0x2014, 1000],
  [0x2019, 268],
  [0x2022, 545],
  [0x2026, 818],
  [0x20ac, 635],
  [0x2122, 976],
]);

/** In pixels. */
export function textWidth(text: string): number {
  let thousandths = 0;
  for (const character of text) thousandths += widths.get(character.codePointAt(0)!) ?? UNKNOWN;
  return (thousandths * FONT_SIZE_PX) / 1000;
}
