/** The order in which things are placed: by name, numbers within names by their value. Nothing else decides, so a place once learned
 * is found again. */
const collator = new Intl.Collator('en', { numeric: true });

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return collator.compare(a.name, b.name);
}

export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}
