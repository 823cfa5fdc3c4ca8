/** SQL with values that are always bound, never pasted: `sql\`select * from payment where id = ${id}\`` becomes
 * the text `select * from payment where id = $1` and the value beside it. A statement may be put into another
 * one. What cannot be bound, the name of a table or column, goes through `identifier`, which quotes it. */
import { driver } from './driver.ts';

export class Statement {
  readonly text: string;
  readonly values: readonly unknown[];

  constructor(text: string, values: readonly unknown[]) {
    this.text = text;
    this.values = values;
  }
}

/** A quoted name inside a statement. */
export class Identifier {
  readonly quoted: string;

  constructor(name: string) {
    this.quoted = driver().escapeIdentifier(name);
  }
}

/** @example await db.many(sql`select * from payment where tenant = ${tenant} and id = any(${ids})`) */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Statement {
  let text = strings[0]!;
  const values: unknown[] = [];
  parts.forEach((part, index) => {
    if (part instanceof Identifier) text += part.quoted;
    else if (part instanceof Statement) {
      text += renumbered(part.text, values.length);
      values.push(...part.values);
    } else {
      values.push(part);
      text += `$${values.length}`;
    }
    text += strings[index + 1]!;
  });
  return new Statement(text, values);
}

/** The name of a table or column, for use inside `sql`. */
export function identifier(name: string): Identifier {
  return new Identifier(name);
}

function renumbered(text: string, by: number): string {
  return by === 0 ? text : text.replace(/\$(\d+)/g, (_, number) => `$${Number(number) + by}`);
}
