/** Answers a plain route: Fetch Request in, Fetch Response out, inside the request's context and a span of its own.
 * Its failures are problem details (RFC 9457). The route has the deadline that the caller named, if any; it is
 * cancelled when the client leaves, also while its answer is being streamed. */
import {
  context,
  deadlines,
  GoblinError,
  type Histogram,
  openScope,
  type Route,
  type Span,
  type Telemetry,
  type TraceContext,
  untilCancelled,
} from '@goblin/core';
import { type Admission, admittedOutcome } from '../admission/admission.ts';
import type { Pace } from '../admission/pace.ts';
import { Visit } from '../admission/visit.ts';
import { answerProblem, asGoblinError } from './answer.ts';
import { contextOf } from './context-headers.ts';
import type { Exchange } from './exchanges.ts';
import { fetchRequest } from './fetch-request.ts';
import { writeResponse } from './fetch-response.ts';
import { begun } from './procedure-endpoint.ts';
import { refusalHeaders } from './refusal-headers.ts';
import type { Params } from './route-table.ts';

export interface PlainRoute {
  /** Such as `tax.v1`, for the metric. */
  readonly service: string;
  // biome-ignore lint/suspicious/noExplicitAny: routes of differently typed contracts stand in one table
  readonly handler: Route<any>;
  /** The service's own procedures, through all filters. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly client: any;
  /** How long it takes, where there is admission. */
  readonly pace: Pace | undefined;
}

const FIRST_SERVER_FAULT = 500;

export type AnswerRoute = (
  exchange: Exchange,
  route: PlainRoute,
  pattern: string,
  params: Params,
) => Promise<void>;

/** What answers routes. It settles once the answer is written or the client has gone, and never rejects. */
export function routeAnswerer(
  telemetry: Telemetry,
  maxBodyBytes: number,
  admission: Admission | undefined,
): AnswerRoute {
  const durations = telemetry.metrics.histogram('http_server_request_duration_seconds', {
    help: 'Time this instance took to answer a plain HTTP route, its body included.',
    labels: ['service', 'method', 'route', 'status'],
  });
  const series = new Map<string, Histogram>();

  function record(
    service: string,
    method: string,
    pattern: string,
    status: number,
    seconds: number,
    trace: TraceContext | undefined,
  ): void {
    const key = `${service} ${method} ${pattern} ${status}`;
    let histogram = series.get(key);
    if (!histogram) {
      histogram = durations.with(service, method, pattern, String(status));
      series.set(key, histogram);
    }
    histogram.record(seconds, trace);
  }

  return async (exchange, route, pattern, params) => {
    const { request, response, cancellation } = exchange;
    const startMs = deadlines.clock.now();
    const method = request.method!;
    const name = `${method} ${pattern}`;
    let span: Span | undefined;
    let visit: Visit | undefined;
    let hasBegun = false;
    let failure: unknown;
    try {
      const parent = contextOf(request.headers, cancellation, startMs, Number.POSITIVE_INFINITY);
      span = telemetry.tracer.start(name, {
        kind: 'server',
        parent: parent.trace ?? null,
        attributes: { 'http.request.method': method, 'http.route': pattern },
        startMs,
      });
      const scope = openScope({ ...parent, trace: span.context }, parent.deadline);
      try {
        const entering = admission && Visit.begin(admission, scope.values, startMs, route.pace);
        visit = entering instanceof Promise ? await entering : entering;
        hasBegun = true;
        await context.enter(scope.values, () => run(exchange, route, params, maxBodyBytes));
        visit?.end('ok');
      } finally {
        scope.close();
      }
    } catch (thrown) {
      failure = thrown;
      const error = hasBegun ? begun(asGoblinError(thrown)) : asGoblinError(thrown);
      visit?.end(admittedOutcome(error));
      answerProblem(response, error, refusalHeaders(error));
    }
    // To a client that has gone nothing could be written: then it is what would have been.
    const status = failure && !response.headersSent ? asGoblinError(failure).status : response.statusCode;
    const endMs = deadlines.clock.now();
    record(route.service, method, pattern, status, (endMs - startMs) / 1_000, span?.context);
    span?.set('http.response.status_code', status);
    if (status >= FIRST_SERVER_FAULT) span?.fail(failure ?? new Error(`the route answered ${status}`));
    if (failure && asGoblinError(failure).code === 'INTERNAL') complain(name, failure, span);
    span?.end(endMs);
  };

  function complain(name: string, err: unknown, span: Span | undefined): void {
    context.run({ trace: span?.context }, () => telemetry.log.error({ err }, `${name} failed unexpectedly`));
  }
}

async function run(
  exchange: Exchange,
  route: PlainRoute,
  params: Params,
  maxBodyBytes: number,
): Promise<void> {
  const { cancellation } = context.current;
  const request = fetchRequest(exchange, cancellation.signal, maxBodyBytes);
  const answer = await untilCancelled(cancellation, invoke(route, request, params));
  if (!(answer instanceof Response)) {
    throw new GoblinError('INTERNAL', {
      message: 'the route answered with something that is not a Response',
    });
  }
  await writeResponse(exchange.response, answer, request.method !== 'HEAD', cancellation);
}

async function invoke(route: PlainRoute, request: Request, params: Params): Promise<Response> {
  return route.handler(request, route.client, params);
}
