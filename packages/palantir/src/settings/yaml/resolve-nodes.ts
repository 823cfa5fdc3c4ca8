/** Turns what the parser found into values with their places. An alias stands for the value that bears its anchor above it, `<<` brings in
 * the entries of maps that the map itself does not have. Shared values are not copied, and their size is counted wherever they are
 * used: a file that multiplies itself by aliases is told at the alias that makes it too large. */
import { closest } from '@goblin/core';
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Report } from '../problem.ts';
import type { MapEntry, MapNode, ScalarNode, Written, YamlNode } from './node.ts';
import type { Source } from './source.ts';
import { ValueBudget } from './value-budget.ts';

const MERGE = '<<';
const STANDARD_TAGS = 'tag:yaml.org,2002:';

/** @returns undefined when it is wrong, which is told */
export function resolveNodes(contents: Node, source: Source, report: Report): YamlNode | undefined {
  try {
    return new Resolver(source, report).node(contents, 0);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

/** Ends the work; it is told already. */
class TooMuch extends Error {}

class Resolver {
  readonly #source: Source;
  readonly #report: Report;
  readonly #anchors = new Map<string, YamlNode>();
  /** Anchors of what is being read. */
  readonly #open = new Set<string>();
  readonly #budget = new ValueBudget();

  constructor(source: Source, report: Report) {
    this.#source = source;
    this.#report = report;
  }

  node(node: Node, depth: number): YamlNode {
    if (isAlias(node)) return this.#alias(node, depth);
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#open.add(anchor);
    this.#within(this.#budget.spend(depth), node);
    const made = this.#made(node, depth);
    this.#budget.measure(made);
    if (anchor !== undefined) {
      this.#open.delete(anchor);
      this.#anchors.set(anchor, made);
    }
    return made;
  }

  #made(node: Node, depth: number): YamlNode {
    const { tag } = node as { tag?: string };
    // The parser has told it.
    if (tag !== undefined && !tag.startsWith(STANDARD_TAGS)) return this.#told(node);
    if (isMap(node)) return this.#map(node, depth);
    if (!isSeq(node)) return this.#scalar(node as Scalar);
    const items = node.items.map((item) => this.node(item as Node, depth + 1));
    return { kind: 'list', items, ...this.#written(node) };
  }

  #alias(alias: Alias, depth: number): YamlNode {
    const { source: name } = alias;
    const found = this.#anchors.get(name);
    if (found === undefined || this.#open.has(name)) {
      this.#tell(
        alias,
        this.#open.has(name) ? `*${name} stands within &${name} itself` : this.#missing(name),
      );
      return this.#told(alias);
    }
    this.#within(this.#budget.spend(depth, found), alias);
    return found;
  }

  #missing(name: string): string {
    const meant = closest(name, this.#anchors.keys());
    return `no &${name} stands above: an anchor is written before its aliases, in the same file${meant ? `; did you mean *${meant}?` : ''}`;
  }

  #scalar(node: Scalar): ScalarNode {
    const { value } = node;
    const written = this.#written(node);
    if (
      typeof value === 'string' ||
      typeof value === 'number' ||
      typeof value === 'boolean' ||
      value === null
    )
      return { kind: 'scalar', value, ...written };
    this.#tell(node, 'write a text, a number, true or false');
    return this.#told(node);
  }

  #map(node: YAMLMap, depth: number): MapNode {
    const own = new Map<string, MapEntry>();
    let merged: Pair | undefined;
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(pair.key)) {
        if (merged) this.#tell(pair.key, 'a second <<: write both as one, <<: [*one, *other]');
        merged = pair;
      } else this.#entry(pair, own, depth);
    }
    const entries = new Map(own);
    if (merged) {
      for (const map of this.#merged(merged as Pair<Node, Node | null>, depth)) {
        this.#within(this.#budget.spendEntries(map.entries.size), merged.key as Node);
        for (const [name, entry] of map.entries) if (!entries.has(name)) entries.set(name, entry);
      }
    }
    return { kind: 'map', entries, ...this.#written(node) };
  }

  #entry({ key, value }: Pair<Node, Node | null>, entries: Map<string, MapEntry>, depth: number): void {
    if (!isScalar(key) || key.value === null || key.value === '') {
      this.#tell(key, 'a key is a text');
      if (value) this.node(value, depth + 1);
      return;
    }
    const written = this.#written(key);
    const name =
      typeof key.value === 'string' ? key.value : this.#source.text.slice(written.start, written.end);
    const first = entries.get(name);
    const { line } = this.#source.placeAt(first?.key.start ?? 0);
    if (first) this.#tell(key, `${name} is here twice: the first is in line ${line}`);
    const read = value === null ? undefined : this.node(value, depth + 1);
    entries.set(name, {
      key: written,
      value: isSomething(read) ? read : { ...this.#nothing(key), ...written },
    });
  }

  /** The maps that `<<` names, those that win first. */
  #merged({ key, value }: Pair<Node, Node | null>, depth: number): MapNode[] {
    const before = this.#report.count;
    const node = value === null ? undefined : this.node(value, depth + 1);
    const maps = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
    const isGood = maps.length > 0 && maps.every(({ kind }) => kind === 'map');
    if (!isGood && this.#report.count === before)
      this.#tell(value ?? key, '<< takes an alias of keys with values, <<: *base, or a list of such');
    return maps.filter((map) => map.kind === 'map');
  }

  /** @throws TooMuch */
  #within(tooMuch: string | undefined, node: Node): void {
    if (tooMuch === undefined) return;
    this.#tell(node, tooMuch);
    throw new TooMuch();
  }

  #told(node: Node): ScalarNode {
    return { ...this.#nothing(node), isTold: true };
  }

  #nothing(node: Node): ScalarNode {
    return { kind: 'scalar', value: null, ...this.#written(node) };
  }

  #written(node: Node): Written {
    const [start, end] = node.range!;
    return { source: this.#source, start, end };
  }

  #tell(node: Node, message: string): void {
    this.#report.add({ ...this.#source.placeAt(node.range![0]), path: '', message });
  }
}

/** A quoted "<<" is a key as any other. */
function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.value === MERGE && key.type === 'PLAIN';
}

/** A value that is missing is told at its key. */
function isSomething(node: YamlNode | undefined): node is YamlNode {
  return node !== undefined && !(node.kind === 'scalar' && node.value === null && node.start === node.end);
}
