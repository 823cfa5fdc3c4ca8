/** Text on a canvas that never runs out of its box. */
export interface Writer {
  /** @returns the width that it took */
  write(text: string, x: number, y: number, options: WriteOptions): number;
}

export interface WriteOptions {
  readonly size: number;
  readonly colour: string;
  readonly maxWidth: number;
  readonly isBold?: boolean;
  readonly isRight?: boolean;
  /** Written as a whole or not at all. */
  readonly isWhole?: boolean;
}

/** @param y is the middle of the line */
export function writer(ctx: CanvasRenderingContext2D, family: string): Writer {
  const fitted = new Map<string, string>();
  ctx.textBaseline = 'middle';
  return {
    write(text, x, y, { size, colour, maxWidth, isBold = false, isRight = false, isWhole = false }) {
      ctx.font = `${isBold ? '600 ' : ''}${size}px ${family}`;
      const key = `${ctx.font}|${Math.round(maxWidth)}|${text}`;
      const fitting = fitted.get(key) ?? fit(ctx, text, maxWidth);
      fitted.set(key, fitting);
      const shown = isWhole && fitting !== text ? '' : fitting;
      ctx.fillStyle = colour;
      ctx.textAlign = isRight ? 'right' : 'left';
      // The middle of a font's box is above the middle of its letters.
      ctx.fillText(shown, x, y + size * 0.05);
      return ctx.measureText(shown).width;
    },
  };
}

function fit(ctx: CanvasRenderingContext2D, text: string, maxWidth: number): string {
  if (ctx.measureText(text).width <= maxWidth) return text;
  let length = text.length - 1;
  while (length > 0 && ctx.measureText(`${text.slice(0, length)}…`).width > maxWidth) length -= 1;
  return length > 1 ? `${text.slice(0, length).trimEnd()}…` : '';
}
