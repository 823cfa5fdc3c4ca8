/** The merchants that payments are taken for. They are the tenants of this platform: the database keeps their rows apart,
 * lanes keep their work apart, and whose a call is travels with it. */
import { context, fail, type Route } from 'goblin';
import { z } from 'zod';

/** Their names, as their customers know them. */
export const merchants = {
  'goblin-shop': 'The Goblin Shop',
  'night-market': 'The Night Market',
} as const;

const SHOP = 'goblin-shop';

/** What does not say whose it is, is the shop's: everything was, before there were several merchants. */
export const Merchant = z.enum(Object.keys(merchants) as (keyof typeof merchants)[]).default(SHOP);
export type Merchant = z.infer<typeof Merchant>;

/** Routes whose requests say by the header `Merchant` whose they are. There are no accounts here, so it is believed. */
export function forMerchants<C>(routes: Readonly<Record<string, Route<C>>>): Record<string, Route<C>> {
  const forMerchant =
    (route: Route<C>): Route<C> =>
    (request, call, params) => {
      const merchant = merchantOf(request);
      return context.run({ tenant: merchant, actor: `merchant:${merchant}` }, () =>
        route(request, call, params),
      );
    };
  return Object.fromEntries(Object.entries(routes).map(([path, route]) => [path, forMerchant(route)]));
}

function merchantOf(request: Request): Merchant {
  const { success, data } = Merchant.safeParse(request.headers.get('merchant') ?? undefined);
  const known = Object.keys(merchants).join(', ');
  return success ? data : fail('INVALID_INPUT', undefined, `there is no such merchant: there are ${known}`);
}
