/** The calls to the platform. A failed one throws an Error whose message is for a person. */

/** What the shop sells, in which currencies and to which countries. */
export function catalogue() {
  return post('/shop.v1/catalogue', {});
}

export function priceBasket(basket, signal) {
  return post('/shop.v1/basket', basket, { signal });
}

const TRIES = 4;

/** Pays once, however often it has to be sent: all tries carry the same key. */
export async function pay(key, order) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await post('/v1/payments', order, { headers: { 'idempotency-key': key } });
    } catch (error) {
      if (!error.passing || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }
}

export function latestPayments() {
  return answerOf(fetch('/v1/payments?limit=8'));
}

/** Calls back with the payment now and after each change, until it is final: by events, or by asking where
 * those do not get through. */
export function watchPayment(id, onPayment) {
  const events = new EventSource(`/v1/payments/${id}/events`);
  const show = (payment) => {
    onPayment(payment);
    return ['settled', 'declined', 'failed'].includes(payment.status);
  };
  events.addEventListener('payment', ({ data }) => {
    if (show(JSON.parse(data))) events.close();
  });
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) ask();
  });
  async function ask() {
    const payment = await answerOf(fetch(`/v1/payments/${id}`)).catch(() => undefined);
    if (!payment || !show(payment)) setTimeout(ask, 1_000);
  }
}

function post(path, body, { headers, signal } = {}) {
  return answerOf(
    fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal,
    }),
  );
}

async function answerOf(fetched) {
  const answer = await fetched.catch((cause) => {
    if (cause.name === 'AbortError') throw cause;
    throw Object.assign(new Error('The shop cannot be reached.', { cause }), { passing: true });
  });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  const message = problem.detail ?? problem.message ?? `The shop answered ${answer.status}.`;
  throw Object.assign(new Error(message), { code: problem.code, passing: answer.status >= 500 });
}
