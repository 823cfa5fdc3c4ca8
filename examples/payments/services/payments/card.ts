/** Card numbers, and the little of them that may be kept: the brand and the last four digits. The number itself
 * is passed on to the acquirer and is in no table, no event and no log. */
import { z } from 'zod';

export const Card = z.object({
  number: z
    .string()
    .regex(/^\d{12,19}$/, 'is 12 to 19 digits')
    .refine(hasCheckDigit, 'is not a card number: its check digit is wrong'),
});
export type Card = z.infer<typeof Card>;

export const KeptCard = z.object({ brand: z.string(), last4: z.string().regex(/^\d{4}$/) });
export type KeptCard = z.infer<typeof KeptCard>;

const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^4/, 'Visa'],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 'Mastercard'],
  [/^3[47]/, 'American Express'],
];

export function kept({ number }: Card): KeptCard {
  const brand = BRANDS.find(([prefix]) => prefix.test(number))?.[1] ?? 'Card';
  return { brand, last4: number.slice(-4) };
}

/** ISO/IEC 7812: every second digit from the right counts double (Luhn). */
function hasCheckDigit(number: string): boolean {
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    const digit = Number(number[number.length - 1 - index]);
    const doubled = digit * 2;
    sum += index % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
