import { contract } from 'goblin';
import { z } from 'zod';
import { COLOURS, isColour } from './colours.ts';

/** Control characters, half surrogates and non-characters cannot stand in XML. */
const Text = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cs}\uFFFE\uFFFF]*$/u, 'has characters that cannot be shown');

const Colour = z
  .string()
  .refine(isColour, `is a colour in hex such as 2f7d32, or ${Object.keys(COLOURS).join(', ')}`);

export const badges = contract('badges.v1', {
  render: {
    summary: 'Draws a badge: a label on dark grey beside a value on a colour.',
    input: z.object({ label: Text, value: Text, colour: Colour.default('grey') }),
    /** `tag` changes with the picture, and only with it. */
    output: z.object({ svg: z.string(), tag: z.string() }),
    get: true,
    deadline: '1s',
  },
});
