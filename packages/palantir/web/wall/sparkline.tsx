/** The last half hour as a line, from zero up, so that two of them can be compared by form. */
export function Sparkline({ values }: { values: readonly number[] }) {
  const top = Math.max(...values, 1e-9);
  const points = values.map((value, index) => {
    const x = (index / Math.max(1, values.length - 1)) * 100;
    return `${x.toFixed(1)},${(29 - (value / top) * 27).toFixed(1)}`;
  });
  return (
    <svg class="wall-spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
      {points.length > 1 && <polygon points={`0,30 ${points.join(' ')} 100,30`} />}
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  );
}
