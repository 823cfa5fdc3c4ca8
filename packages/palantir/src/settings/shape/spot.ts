/** A value of a file with the way that led to it, and where mistakes in it are told. */
import type { Report } from '../problem.ts';
import type { Written, YamlNode } from '../yaml/node.ts';
import { offsetInFile } from '../yaml/place-in-scalar.ts';

export class Spot {
  readonly node: YamlNode;
  readonly path: string;
  readonly #report: Report;

  constructor(node: YamlNode, path: string, report: Report) {
    this.node = node;
    this.path = path;
    this.#report = report;
  }

  /** Tells a mistake in this value, or at one of its characters. */
  wrong(message: string, atCharacter?: number): undefined {
    const { node } = this;
    if (node.kind === 'scalar' && node.isTold) return;
    const isInside = atCharacter !== undefined && node.kind === 'scalar' && typeof node.value === 'string';
    const offset = isInside ? offsetInFile(node, node.value as string, atCharacter) : node.start;
    this.#tell(node, offset, this.path, message);
  }

  /** Tells a mistake in a key of this map. */
  wrongKey(key: string, message: string): undefined {
    const entry = this.node.kind === 'map' ? this.node.entries.get(key) : undefined;
    const at = entry?.key ?? this.node;
    this.#tell(at, at.start, this.path, message);
  }

  /** The value of a key of this map. */
  key(key: string): Spot | undefined {
    const entry = this.node.kind === 'map' ? this.node.entries.get(key) : undefined;
    return entry && new Spot(entry.value, this.path === '' ? key : `${this.path}.${key}`, this.#report);
  }

  keys(): readonly string[] {
    return this.node.kind === 'map' ? [...this.node.entries.keys()] : [];
  }

  items(): readonly Spot[] {
    if (this.node.kind !== 'list') return [];
    return this.node.items.map((item, index) => new Spot(item, `${this.path}[${index}]`, this.#report));
  }

  /** What stands at the end of a way, or the last that is there. */
  deepest(way: readonly (string | number)[]): Spot {
    const [step, ...rest] = way;
    if (step === undefined) return this;
    const next = typeof step === 'number' ? this.items()[step] : this.key(step);
    return next ? next.deepest(rest) : this;
  }

  /** `rules.yaml:12` */
  get line(): string {
    const { file, line } = this.node.source.placeAt(this.node.start);
    return `${file}:${line}`;
  }

  #tell({ source }: Written, offset: number, path: string, message: string): undefined {
    this.#report.add({ ...source.placeAt(offset), path, message });
  }
}

/** What was read, with its spot, for what can be judged only later. */
export interface Placed<T> {
  readonly value: T;
  readonly spot: Spot;
}
