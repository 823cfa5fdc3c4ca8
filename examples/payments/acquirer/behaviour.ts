/** How the acquirer behaves where a real one cannot be foreseen: how long it takes, what it makes of a card and
 * how often something goes wrong. The chances are taken from `random`, so that a test can choose them. */

export type Random = () => number;

const MEDIAN_LATENCY_MS = 60;
/** Of a log-normal distribution: one answer in a hundred takes more than four times the median. */
const LATENCY_SPREAD = 0.6;
const MAX_LATENCY_MS = 2_000;

/** Log-normal, as the answers of real providers are: mostly quick, with a long tail. */
export function latencyMs(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(MAX_LATENCY_MS, MEDIAN_LATENCY_MS * Math.exp(LATENCY_SPREAD * normal));
}

/** What the card's bank says to a charge. */
export interface Verdict {
  readonly status: 'authorized' | 'declined';
  readonly reason?: string;
}

const DECLINED: Readonly<Record<string, string>> = {
  '4000000000000002': 'card_declined',
  '4000000000009995': 'insufficient_funds',
};

export function verdictOn(cardNumber: string): Verdict {
  const reason = DECLINED[cardNumber];
  return reason === undefined ? { status: 'authorized' } : { status: 'declined', reason };
}

/** What goes wrong with one request: it is refused or left hanging before anything is done, or the charge is made
 * and its answer gets lost. */
export type Trouble = 'none' | 'refuse' | 'hang' | 'lose answer';

/** This card's bank is never reached. */
const UNREACHABLE = '4000000000000119';
/** This card is charged, but the first answer gets lost. */
const LOSES_ANSWER = '4000000000000341';

/** @param share how many of the requests meet trouble by chance, from 0 to 1. */
export function troubleWith(cardNumber: string, attempt: number, share: number, random: Random): Trouble {
  if (cardNumber === UNREACHABLE) return 'refuse';
  if (cardNumber === LOSES_ANSWER) return attempt === 1 ? 'lose answer' : 'none';
  if (random() >= share) return 'none';
  const kind = random();
  if (kind < 0.5) return 'refuse';
  return kind < 0.75 ? 'hang' : 'lose answer';
}

/** Between the authorisation and the settlement. A real acquirer takes a day. */
export function settlementDelayMs(random: Random): number {
  return 1_000 + 1_000 * random();
}

/** How a notice is told: sometimes twice, sometimes late, so that it arrives after its successor. */
export function tellingOf(random: Random): { readonly times: number; readonly delayMs: number } {
  return { times: random() < 0.15 ? 2 : 1, delayMs: random() < 0.15 ? 2_500 : 0 };
}
