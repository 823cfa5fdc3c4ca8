/** Whether a text is a query of PostgreSQL's text search (`cat & (dog:* | !'big fish')`), because `to_tsquery` takes a wrong
 * one for a mistake in the SQL. It accepts less than PostgreSQL does where that is in doubt.
 * https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY */
import { MAX_DEPTH } from './bounds.ts';

const TOKEN = /\s*(?:([&|()!]|<->|<\d{1,4}>)|('(?:[^'\\]|'')+'|[\p{L}\p{N}_]+)(?::\*?[a-dA-D]{0,4})?)\s*/uy;
const BETWEEN = /^(?:[&|]|<.*>)$/;

export function isSearchQuery(text: string): boolean {
  let depth = 0;
  let wantsOperand = true;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) return false;
    const [, sign] = match;
    const isBetween = sign !== undefined && BETWEEN.test(sign);
    if (wantsOperand === (isBetween || sign === ')')) return false;
    if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (sign !== '!') wantsOperand = isBetween;
    if (depth < 0 || depth > MAX_DEPTH) return false;
  }
  return !wantsOperand && depth === 0;
}
