/** Arrows, Home and End (and j, k) move the focus through the items of a list: elements with `data-item`. */
export function moveThroughItems(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !target.hasAttribute('data-item')) return;
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[data-item]')];
  const at = items.findIndex((item) => item === target || item.contains(target));
  const next = targetOf(event.key, at, items.length);
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}

function targetOf(key: string, at: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(at + 1, count - 1);
    case 'ArrowUp':
    case 'k':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
  }
}
