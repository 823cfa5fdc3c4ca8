/** The size of text on the wall in CSS pixels, as wall.css has it: 2.25 hundredths of the screen's width, or what that is in height. */
const SMALLEST = 16;

export function textSize(): number {
  return Math.max(SMALLEST, 2.25 * Math.min(innerWidth / 100, (innerHeight / 100) * (16 / 9)));
}
