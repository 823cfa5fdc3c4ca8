/** What a page shows while there is nothing, or nothing yet, to show. */
import type { ComponentChildren } from 'preact';
import { ServerError } from '../../shared/server.ts';

export function Loading({ what }: { what: string }) {
  return (
    <p class="state-loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what} …
    </p>
  );
}

/** Says why there is nothing and what brings something. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="state-empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function Failed({ error, again }: { error: Error; again?: () => void }) {
  return (
    <div class="state-failed" role="alert">
      <p>
        <span aria-hidden="true">✕ </span>
        {sentenceOf(error)}
      </p>
      {again && !isOurFault(error) && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What was asked is wrong: it stays wrong when it is asked again. */
function isOurFault(error: Error): boolean {
  return error instanceof ServerError && /^(INVALID_INPUT|bad_data|400)$/.test(error.code);
}

function sentenceOf(error: Error): string {
  if (error.name === 'TimeoutError')
    return 'The server did not answer in time. A shorter range or a narrower query helps.';
  if (error instanceof TypeError) return 'The server cannot be reached.';
  return error.message;
}

/** How telemetry gets in, for pages that have none. */
export function HowToSend({ path }: { path: string }) {
  return (
    <>
      <p>Services of Goblin send by themselves. Anything that speaks OpenTelemetry does with:</p>
      <pre>OTEL_EXPORTER_OTLP_ENDPOINT={location.origin}</pre>
      <p>
        It is taken at <code>POST {path}</code>, as Protobuf or JSON.
      </p>
    </>
  );
}
