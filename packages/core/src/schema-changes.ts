/** What changed between two JSON Schemas, as the callers of a procedure see it. One rule decides what breaks them:
 * they may go on sending all that they could send, and receive nothing that they were not told of. So an
 * `input` may only become wider and an `output` only narrower. What cannot be judged counts as breaking. */
import { type JsonSchema, typesOf } from './json-schema.ts';
import { branchesOf, formOf, inside, type Located, locate, valuesOf } from './schema-forms.ts';

export type Side = 'input' | 'output';

export interface SchemaChange {
  readonly breaking: boolean;
  /** ``field `region` is now required`` */
  readonly message: string;
}

/** One comparison under way. */
interface Comparison {
  readonly side: Side;
  readonly report: (breaking: boolean, message: string) => void;
  /** Pairs that are being compared further up: schemas may be recursive. */
  readonly seen: ReadonlySet<string>;
}

export function schemaChanges(side: Side, before: JsonSchema, after: JsonSchema): SchemaChange[] {
  const changes: SchemaChange[] = [];
  const report = (breaking: boolean, message: string): void => void changes.push({ breaking, message });
  compare('', locate(before, before), locate(after, after), { side, report, seen: new Set() });
  return changes;
}

function compare(path: string, before: Located, after: Located, comparison: Comparison): void {
  const pair = `${JSON.stringify(before.schema)} ${JSON.stringify(after.schema)}`;
  if (comparison.seen.has(pair)) return;
  const below: Comparison = { ...comparison, seen: new Set([...comparison.seen, pair]) };
  const branchesBefore = branchesOf(before);
  const branchesAfter = branchesOf(after);
  if (branchesBefore.length > 1 || branchesAfter.length > 1) {
    compareBranches(path, branchesBefore, branchesAfter, below);
    return;
  }
  if (!compareTypes(path, before.schema, after.schema, below)) return;
  compareValues(path, before.schema, after.schema, below);
  compareLimits(path, before.schema, after.schema, below);
  compareFields(path, before, after, below);
  compareItems(path, before, after, below);
  compareParts(path, before, after, below);
}

/** Unions. On the wider side there must be a place for each form of the narrower one; a form that changed is
 * compared with the one that took its place. */
function compareBranches(path: string, before: Located[], after: Located[], comparison: Comparison): void {
  const { side, report } = comparison;
  const fits = (a: Located, b: Located): boolean => {
    let broken = false;
    const note = (breaking: boolean): void => {
      broken ||= breaking;
    };
    compare(path, a, b, { ...comparison, report: note });
    return !broken;
  };
  const gained = after.filter((form) => !before.some((old) => fits(old, form)));
  for (const form of before.filter((old) => !after.some((other) => fits(old, other)))) {
    const successor = gained.findIndex((other) => formOf(other) === formOf(form));
    if (successor < 0) report(side === 'input', `${fieldOf(path)} no longer may be ${formOf(form)}`);
    else compare(path, form, gained.splice(successor, 1)[0]!, comparison);
  }
  for (const form of gained) report(side === 'output', `${fieldOf(path)} now may be ${formOf(form)}`);
}

/** Answers whether the two have a type in common, so that it makes sense to look further. */
function compareTypes(
  path: string,
  before: JsonSchema,
  after: JsonSchema,
  { side, report }: Comparison,
): boolean {
  const [[was], [is]] = [typesOf(before), typesOf(after)];
  if (was === is) return true;
  if (was === undefined) report(side === 'input', `${fieldOf(path)} was anything and is now ${is}`);
  else if (is === undefined) report(side === 'output', `${fieldOf(path)} was ${was} and is now anything`);
  else if (was === 'integer' && is === 'number')
    report(side === 'output', `${fieldOf(path)} now may be a fraction`);
  else if (was === 'number' && is === 'integer')
    report(side === 'input', `${fieldOf(path)} no longer may be a fraction`);
  else {
    report(true, `${fieldOf(path)} was ${was} and is now ${is}`);
    return false;
  }
  return true;
}

function compareValues(
  path: string,
  before: JsonSchema,
  after: JsonSchema,
  { side, report }: Comparison,
): void {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  if (was && is) {
    for (const value of was)
      if (!is.includes(value)) report(side === 'input', `${fieldOf(path)} no longer may be ${value}`);
    for (const value of is)
      if (!was.includes(value)) report(side === 'output', `${fieldOf(path)} now may be ${value}`);
  } else if (is) report(side === 'input', `${fieldOf(path)} now only may be ${is.join(', ')}`);
  else if (was) report(side === 'output', `${fieldOf(path)} now may be other values than ${was.join(', ')}`);
  if (side === 'input' && JSON.stringify(before.default) !== JSON.stringify(after.default))
    report(false, `${fieldOf(path)} has another default: ${JSON.stringify(after.default) ?? 'none'}`);
}

/** Each with the sign that makes a larger value a narrower limit. */
const LIMITS: Readonly<Record<string, 1 | -1>> = {
  minimum: 1,
  exclusiveMinimum: 1,
  minLength: 1,
  minItems: 1,
  minProperties: 1,
  maximum: -1,
  exclusiveMaximum: -1,
  maxLength: -1,
  maxItems: -1,
  maxProperties: -1,
};
/** Of these any difference may narrow and widen at once, but that there is one is narrower than none. */
const FORMS = ['format', 'pattern', 'multipleOf', 'uniqueItems', 'propertyNames', 'not'];

function compareLimits(
  path: string,
  before: JsonSchema,
  after: JsonSchema,
  { side, report }: Comparison,
): void {
  const changed = (keyword: string, was: unknown, is: unknown): string =>
    `${fieldOf(path)} has another ${keyword}: ${was ?? 'none'} before, ${is ?? 'none'} now`;
  for (const [keyword, sign] of Object.entries(LIMITS)) {
    const [was, is] = [limitOf(before[keyword]), limitOf(after[keyword])];
    if (was === is) continue;
    const narrower = was === undefined || (is !== undefined && is * sign > was * sign);
    report(narrower === (side === 'input'), changed(keyword, was, is));
  }
  const sameFormat = before.format !== undefined && before.format === after.format;
  for (const keyword of FORMS) {
    const [was, is] = [JSON.stringify(before[keyword]), JSON.stringify(after[keyword])];
    // The pattern of a format is its library's affair.
    if (was === is || (keyword === 'pattern' && sameFormat)) continue;
    report((side === 'input' ? is : was) !== undefined, changed(keyword, was, is));
  }
}

/** The safe integers are the limits of every whole number, so they are none. */
function limitOf(limit: unknown): number | undefined {
  return typeof limit === 'number' && Math.abs(limit) < Number.MAX_SAFE_INTEGER ? limit : undefined;
}

function compareFields(path: string, before: Located, after: Located, comparison: Comparison): void {
  const { side, report } = comparison;
  const [was, is] = [before.schema.properties ?? {}, after.schema.properties ?? {}];
  const required = { before: new Set(before.schema.required), after: new Set(after.schema.required) };
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const field = path === '' ? name : `${path}.${name}`;
    if (!Object.hasOwn(is, name)) {
      report(true, `${fieldOf(field)} is removed`);
    } else if (!Object.hasOwn(was, name)) {
      const mustBeSent = side === 'input' && required.after.has(name);
      report(mustBeSent, `${fieldOf(field)} is new${mustBeSent ? ' and required' : ''}`);
    } else {
      if (!required.before.has(name) && required.after.has(name))
        report(side === 'input', `${fieldOf(field)} is now required`);
      if (required.before.has(name) && !required.after.has(name))
        report(side === 'output', `${fieldOf(field)} is now optional`);
      compare(field, inside(before, was[name]!), inside(after, is[name]!), comparison);
    }
  }
  compareOthers(path, before, after, comparison);
}

/** Fields without a name of their own, as in a record. In a plain object what is not declared is dropped on the way
 * in and never sent on the way out, so there it does not matter. */
function compareOthers(path: string, before: Located, after: Located, comparison: Comparison): void {
  const { side, report } = comparison;
  const [was, is] = [before.schema.additionalProperties, after.schema.additionalProperties];
  const others = fieldOf(path === '' ? '*' : `${path}.*`);
  if (typeof was === 'object' && typeof is === 'object')
    compare(path === '' ? '*' : `${path}.*`, inside(before, was), inside(after, is), comparison);
  else if (side === 'output' && typeof was === 'object' && is !== false)
    report(true, `${others} now may be anything`);
  else if (side === 'input' && was !== false && is === false)
    report(true, `${fieldOf(path)} no longer takes fields that are not declared`);
  else if (side === 'input' && was !== false && typeof is === 'object')
    report(true, `${others} now must be of a declared form`);
}

function compareItems(path: string, before: Located, after: Located, comparison: Comparison): void {
  const [was, is] = [before.schema, after.schema];
  if (typeof was.items === 'object' && typeof is.items === 'object')
    compare(`${path}[]`, inside(before, was.items), inside(after, is.items), comparison);
  else if (JSON.stringify(was.items) !== JSON.stringify(is.items))
    comparison.report(true, `${fieldOf(`${path}[]`)} has another form`);
  comparePlaces(path, before, after, comparison);
}

/** Of a tuple. */
function comparePlaces(path: string, before: Located, after: Located, comparison: Comparison): void {
  const [was = [], is = []] = [before.schema.prefixItems, after.schema.prefixItems];
  if (was.length !== is.length)
    comparison.report(true, `${fieldOf(path)} had ${was.length} places and has now ${is.length}`);
  for (const [index, place] of was.slice(0, is.length).entries())
    compare(`${path}[${index}]`, inside(before, place), inside(after, is[index]!), comparison);
}

/** `allOf`: part by part, where both have as many. */
function compareParts(path: string, before: Located, after: Located, comparison: Comparison): void {
  const [was = [], is = []] = [before.schema.allOf, after.schema.allOf];
  if (was.length !== is.length) comparison.report(true, `${fieldOf(path)} is put together in another way`);
  for (const [index, part] of was.slice(0, is.length).entries())
    compare(path, inside(before, part), inside(after, is[index]!), comparison);
}

function fieldOf(path: string): string {
  return path === '' ? 'the value' : `field \`${path}\``;
}
