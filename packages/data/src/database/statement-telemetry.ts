/** One client span and one duration per statement, named after OpenTelemetry's conventions for databases
 * (https://opentelemetry.io/docs/specs/semconv/database/). The span holds the statement's text with its
 * placeholders, never the values.
 *
 * Statements are most of all spans, and few texts come again and again: what a text says is put together once, so that the exporter
 * encodes it once too. A statement that nothing asked for, such as one that looks for work again and again, begins no trace. */
import {
  type Attributes,
  context,
  GoblinError,
  type Histogram,
  isGoblinError,
  type Span,
  stallsOf,
  type Telemetry,
} from '@goblin/core';
import { sqlStateOf } from './errors.ts';

const MAX_TEXT = 2_000;
/** Texts that are remembered; the first to come is the first to go. */
const MAX_TEXTS = 500;

/** What is the same whenever a text is carried out. */
interface Statement {
  readonly operation: string;
  /** Of its spans. */
  readonly name: string;
  readonly attributes: Attributes;
}

export interface StatementTelemetry {
  /** Runs `work`, which carries out the statement `text`, as the span's child. */
  measure<T>(text: string, work: () => Promise<T>): Promise<T>;
}

export function statementTelemetry(telemetry: Telemetry, namespace: string): StatementTelemetry {
  const durations = telemetry.metrics.histogram('db_client_operation_duration_seconds', {
    help: 'Time a statement took on its connection, without the wait for one.',
    labels: ['db_namespace', 'db_operation_name', 'outcome'],
  });
  const running = stallsOf(telemetry.metrics, {
    prefix: 'db_client',
    things: 'statements',
    label: 'db_namespace',
  }).of(namespace);
  const series = new Map<string, Histogram>();
  const statements = new Map<string, Statement>();

  function statementOf(text: string): Statement {
    let statement = statements.get(text);
    if (!statement) {
      const operation = operationOf(text);
      const attributes = {
        'db.system.name': 'postgresql',
        'db.namespace': namespace,
        'db.operation.name': operation,
        'db.query.text': text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
      };
      statement = { operation, name: `${operation} ${namespace}`, attributes };
      if (statements.size >= MAX_TEXTS) statements.delete(statements.keys().next().value!);
      statements.set(text, statement);
    }
    return statement;
  }

  function record(operation: string, outcome: string, startedMs: number): void {
    const key = `${operation} ${outcome}`;
    let histogram = series.get(key);
    if (!histogram) {
      histogram = durations.with(namespace, operation, outcome);
      series.set(key, histogram);
    }
    histogram.record((performance.now() - startedMs) / 1_000);
  }

  async function carryOut<T>(
    text: string,
    operation: string,
    work: () => Promise<T>,
    span?: Span,
  ): Promise<T> {
    const startedMs = performance.now();
    const one = running.begin(startedMs);
    try {
      const result = await work();
      record(operation, 'ok', startedMs);
      return result;
    } catch (error) {
      const sqlState = sqlStateOf(error);
      if (sqlState !== undefined) span?.set('db.response.status_code', sqlState);
      span?.fail(error);
      // The caller is told INTERNAL without the server's words, so they go to the log here.
      if (isGoblinError(error, 'INTERNAL'))
        telemetry.log.error({ err: error.cause, sqlState, statement: text }, error.message);
      record(operation, error instanceof GoblinError ? error.code : 'INTERNAL', startedMs);
      throw error;
    } finally {
      running.end(one);
      span?.end();
    }
  }

  return {
    measure(text, work) {
      const { operation, name, attributes } = statementOf(text);
      if (!context.trace) return carryOut(text, operation, work);
      const span = telemetry.tracer.start(name, { kind: 'client', attributes });
      return context.run({ trace: span.context }, () => carryOut(text, operation, work, span));
    },
  };
}

/** The statement's first word, if it is one of SQL's; a fixed set, because it becomes a label. */
function operationOf(text: string): string {
  const word = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? '';
  return OPERATIONS.has(word) ? word : 'OTHER';
}

const OPERATIONS: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'WITH',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'LISTEN',
  'CREATE',
  'ALTER',
  'DROP',
  'TRUNCATE',
  'COPY',
]);
