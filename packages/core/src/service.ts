/** The two words everything is made of. The same types serve on both sides of a wire: a server handles
 * with a Service, a client calls with one, and whatever is cross-cutting is a Filter between them.
 * After "Your Server as a Function" (Eriksen, 2013). */

/** Answers one request, or rejects with an error. */
export type Service<Request, Response> = (request: Request) => Promise<Response>;

/** Stands in front of a service. It may answer by itself, call `next` never, once or again, and may
 * change the types on the way in and out (authentication turns a raw request into a trusted one). */
export type Filter<RequestIn, ResponseOut, RequestOut = RequestIn, ResponseIn = ResponseOut> = (
  request: RequestIn,
  next: Service<RequestOut, ResponseIn>,
) => Promise<ResponseOut>;

/** Puts filters in front of a service, outermost first.
 * @example const client = compose([withDeadline(500), withRetries(budget)], connection) */
export function compose<Request, Response>(
  filters: readonly Filter<Request, Response>[],
  service: Service<Request, Response>,
): Service<Request, Response> {
  return filters.reduceRight<Service<Request, Response>>(
    (next, filter) => (request) => filter(request, next),
    service,
  );
}
