/** A badge as SVG. The text comes from strangers: it is escaped for every place it stands in, and no colour
 * but a checked one gets in, so nothing in a badge can run or load anything. */
import { hexOf, textOn } from './colours.ts';
import { textWidth } from './text-width.ts';

const HEIGHT_PX = 20;
const PADDING_PX = 6;
const BASELINE_PX = 14;
const LABEL_COLOUR = '#3a4149';

export interface Badge {
  readonly label: string;
  readonly value: string;
  readonly colour: string;
}

export function drawBadge({ label, value, colour }: Badge): string {
  const left = boxWidth(label);
  const right = boxWidth(value);
  const width = left + right;
  const background = hexOf(colour);
  const title = escaped(`${label}: ${value}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT_PX}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<clipPath id="r"><rect width="${width}" height="${HEIGHT_PX}" rx="4"/></clipPath>`,
    '<g clip-path="url(#r)">',
    `<rect width="${left}" height="${HEIGHT_PX}" fill="${LABEL_COLOUR}"/>`,
    `<rect x="${left}" width="${right}" height="${HEIGHT_PX}" fill="${background}"/>`,
    '</g>',
    '<g font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">',
    text(label, PADDING_PX, left, '#ffffff'),
    text(value, left + PADDING_PX, right, textOn(background)),
    '</g></svg>',
  ].join('');
}

function boxWidth(content: string): number {
  return Math.round(textWidth(content)) + 2 * PADDING_PX;
}

function text(content: string, x: number, box: number, colour: string): string {
  const length = box - 2 * PADDING_PX;
  return `<text x="${x}" y="${BASELINE_PX}" fill="${colour}" textLength="${length}">${escaped(content)}</text>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(content: string): string {
  return content.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
