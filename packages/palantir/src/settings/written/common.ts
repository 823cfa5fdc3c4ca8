/** What several parts of the files have in common. */
import type { Labels } from '../../model.ts';
import { record } from '../shape/collections.ts';
import { text, textLike } from '../shape/scalars.ts';
import type { Shape } from '../shape/shape.ts';
import type { Spot } from '../shape/spot.ts';
import { described } from '../yaml/node.ts';

const LABEL = '^[a-zA-Z_][a-zA-Z0-9_]*$';

/** `team: money` */
export const labels: Shape<Labels> = record(text(), {
  keyPattern: LABEL,
  keys: 'the name of a label, such as team',
});

/** A value for a placeholder. It ends up within a query, so it has no quotes and no backslashes. */
const VALUE = '^[^"\'`\\\\{}\\r\\n]+$';
const filling: Shape<string> = {
  schema: { anyOf: [{ type: 'string', pattern: VALUE }, { type: 'number' }] },
  read(spot: Spot) {
    const value = spot.node.kind === 'scalar' ? spot.node.value : undefined;
    if (typeof value === 'number') return String(value);
    if (typeof value === 'string' && new RegExp(VALUE).test(value)) return value;
    return spot.wrong(
      `write a text without quotes, braces and backslashes, or a number, not ${described(spot.node)}`,
    );
  },
};

/** `{ service: tax, limit: 5 }` for `{{ service }}` and `{{ limit }}`. */
export const fillings: Shape<Labels> = record(filling, {
  keyPattern: LABEL,
  keys: 'the name of a placeholder',
});

/** Of rules, panels: one line. */
export const title: Shape<string> = textLike(
  '^[^\\n\\r]{1,200}$',
  'one line of at most 200 characters',
  'tax is slow',
);

/** Of services, metric templates and what else stands in addresses or queries. */
export const NAME = '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$';
export const name: Shape<string> = textLike(
  NAME,
  'a name of letters, digits, dashes, dots and underscores',
  'tax',
);
