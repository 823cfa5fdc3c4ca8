/** Changes a query of logs as a click on a value does: `{service="tax"} |= "late"`. Service and level stand between the braces, all
 * other attributes behind them: `| order_id="42"`. What else the query says stays as it was written. */

export interface Condition {
  readonly name: string;
  readonly op: '=' | '!=';
  readonly value: string;
}

const IN_BRACES: ReadonlySet<string> = new Set(['service', 'level']);
/** Other names stand in quotes. */
const PLAIN_NAME = /^[a-zA-Z_]\w*(?:[.-]\w+)*$/;
/** A text in quotes, or anything else that has no quotes. */
const STRING = String.raw`"(?:[^"\\]|\\.)*"|\`[^\`]*\``;
const SELECTOR = new RegExp(String.raw`^\s*\{((?:[^"\`}]|${STRING})*)\}`);
const MATCHER = new RegExp(String.raw`\s*([\w.:-]+)\s*(=~|!~|!=|=)\s*(${STRING})\s*`, 'y');

export function hasCondition(query: string, condition: Condition): boolean {
  return partsOf(query).some((part) => part === textOf(condition));
}

/** Without it where the query has it; with it where not. One that contradicts it is taken out. */
export function toggleCondition(query: string, condition: Condition): string {
  if (hasCondition(query, condition)) return without(query, condition);
  const opposite: Condition = { ...condition, op: condition.op === '=' ? '!=' : '=' };
  const cleared = without(query, opposite);
  const text = textOf(condition);
  if (!IN_BRACES.has(condition.name)) return `${cleared.trim() || '{}'} | ${text}`;
  const { matchers, rest } = splitOf(cleared);
  return joined([...matchers, text], rest);
}

function without(query: string, condition: Condition): string {
  const text = textOf(condition);
  const { matchers, rest } = splitOf(query);
  if (IN_BRACES.has(condition.name))
    return joined(
      matchers.filter((matcher) => matcher !== text),
      rest,
    );
  const pipe = ` | ${text}`;
  return query.includes(pipe) ? query.replace(pipe, '') : query;
}

function partsOf(query: string): string[] {
  const { matchers, rest } = splitOf(query);
  return [...matchers, ...` ${rest}`.split(' | ').map((part) => part.trim())];
}

function splitOf(query: string): { matchers: string[]; rest: string } {
  const selector = SELECTOR.exec(query);
  if (!selector) return { matchers: [], rest: query.trim() };
  const inner = selector[1]!;
  const matchers: string[] = [];
  let at = 0;
  while (at < inner.length) {
    MATCHER.lastIndex = at;
    const found = MATCHER.exec(inner);
    if (!found) break;
    matchers.push(`${found[1]}${found[2]}${found[3]}`);
    at = MATCHER.lastIndex;
    if (inner[at] === ',') at++;
  }
  return { matchers, rest: query.slice(selector[0].length).trim() };
}

function joined(matchers: readonly string[], rest: string): string {
  return `{${matchers.join(', ')}}${rest === '' ? '' : ` ${rest}`}`;
}

function textOf({ name, op, value }: Condition): string {
  return `${PLAIN_NAME.test(name) ? name : JSON.stringify(name)}${op}${JSON.stringify(value)}`;
}
