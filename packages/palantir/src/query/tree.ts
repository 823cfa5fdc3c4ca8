/** "And" and "or" of something, with parentheses: conditions on a line or a span, and sets of spans. */
import type { TokenReader } from './token-reader.ts';

export type Tree<Leaf> =
  | { readonly all: readonly Tree<Leaf>[] }
  | { readonly any: readonly Tree<Leaf>[] }
  | { readonly leaf: Leaf };

export interface TreeWords {
  readonly and: readonly string[];
  readonly or: readonly string[];
}

/** "And" binds tighter than "or". */
export function readTree<Leaf>(reader: TokenReader, words: TreeWords, readLeaf: () => Leaf): Tree<Leaf> {
  const readOne = (): Tree<Leaf> => {
    if (!reader.takes('(')) return { leaf: readLeaf() };
    const inner = reader.nested(readAny);
    reader.expect(')');
    return inner;
  };
  const readSeveral = (between: readonly string[], read: () => Tree<Leaf>): Tree<Leaf>[] => {
    const found = [read()];
    while (between.some((word) => reader.takes(word))) found.push(read());
    return found;
  };
  function readAny(): Tree<Leaf> {
    const any = readSeveral(words.or, () => {
      const all = readSeveral(words.and, readOne);
      return all.length === 1 ? all[0]! : { all };
    });
    return any.length === 1 ? any[0]! : { any };
  }
  return readAny();
}

export function compileTree<Leaf, Subject>(
  tree: Tree<Leaf>,
  compileLeaf: (leaf: Leaf) => (subject: Subject) => boolean,
): (subject: Subject) => boolean {
  if ('leaf' in tree) return compileLeaf(tree.leaf);
  const parts = ('all' in tree ? tree.all : tree.any).map((part) => compileTree(part, compileLeaf));
  if ('all' in tree) return (subject) => parts.every((takes) => takes(subject));
  return (subject) => parts.some((takes) => takes(subject));
}

/** The leaves that must hold whatever else does. */
export function requiredLeaves<Leaf>(tree: Tree<Leaf>): Leaf[] {
  if ('leaf' in tree) return [tree.leaf];
  return 'all' in tree ? tree.all.flatMap(requiredLeaves) : [];
}
