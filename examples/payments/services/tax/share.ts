/** Amounts are gross: the price that a consumer sees and pays contains the tax (Directive 98/6/EC asks for it). So
 * tax = gross × rate ÷ (100 % + rate), rounded once, half away from zero, and net = gross − tax: they add up. */
import { type Money, subtract } from '../../money/money.ts';
import { percent, portion } from '../../money/ratio.ts';
import type { Quote } from './contract.ts';

export function share(gross: Money, rate: string): Quote {
  const { numerator, denominator } = percent(rate);
  const tax = portion(gross, { numerator, denominator: denominator + numerator });
  return { rate, tax, net: subtract(gross, tax) };
}
