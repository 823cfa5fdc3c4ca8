/** Makes a whole document of what a template shows, with the rules of its style sheet moved into `style` attributes,
 * because many mail programs drop <style>. Rules that cannot be attributes, such as @media and :hover, stay in one.
 * Nothing is fetched: what a mail looks like is written in its template. */
import type juice from 'juice';
import { escaped, type Html } from './html.ts';

let loading: Promise<typeof juice> | undefined;

/** @param css may be empty. */
export async function mailDocument(title: string, body: Html, css: string): Promise<string> {
  const style = css === '' ? '' : `<style>${css}</style>`;
  const markup = `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>${style}
</head>
<body>
${body.markup}
</body>
</html>
`;
  if (css === '') return markup;
  loading ??= import('juice').then((it) => it.default);
  return (await loading)(markup, { applyWidthAttributes: false });
}
