/** A series as one line of blocks. */

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** From the least to the most of what is there; what is no number is a gap. */
export function sparkline(values: readonly number[]): string {
  const known = values.filter(Number.isFinite);
  const least = Math.min(...known);
  const span = Math.max(...known) - least;
  return values
    .map((value) => {
      if (!Number.isFinite(value)) return ' ';
      const share = span === 0 ? 0 : (value - least) / span;
      return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(share * BLOCKS.length))]!;
    })
    .join('');
}
