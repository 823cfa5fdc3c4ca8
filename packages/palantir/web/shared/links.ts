/** Links to our pages are followed without loading a document. */
import { useEffect } from 'preact/hooks';
import { go } from './location.ts';

export function useLinks(): void {
  useEffect(() => {
    document.addEventListener('click', follow);
    return () => document.removeEventListener('click', follow);
  }, []);
}

/** A plain click on a link of ours stays in this document. */
function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest('a');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (link.pathname.startsWith('/palantir/') || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  const isSamePage = link.pathname === location.pathname;
  go(link.href);
  if (!isSamePage) scrollTo(0, 0);
}
