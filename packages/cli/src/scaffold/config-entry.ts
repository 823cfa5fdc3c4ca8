/** Puts a service into the text of a config file, in the style that is there. */

/** Undefined when the text has no `services: {` to put it into. */
export function withService(text: string, name: string): string | undefined {
  const open = /\bservices:\s*\{/.exec(text);
  if (!open) return undefined;
  const start = open.index + open[0].length;
  const key = name.includes('-') ? `'${name}'` : name;
  const entry = `${key}: './services/${name}',`;
  const block = text.slice(start);
  const indent = /^[ \t]*\n([ \t]*)(?=\S)/.exec(block);
  if (!indent) return `${text.slice(0, start)} ${entry}${block.startsWith(' ') ? '' : ' '}${block}`;
  // An empty block closes where an entry would stand.
  const isEmpty = block.trimStart().startsWith('}');
  const before = isEmpty ? `\n${indent[1]}  ${entry}` : `\n${indent[1]}${entry}`;
  return `${text.slice(0, start)}${before}${block}`;
}
