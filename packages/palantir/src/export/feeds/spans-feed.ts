/** Spans by the times at which they ended: long ones, which arrive when they are done, have their place so. */
import type { SpanRecord } from '../../model.ts';
import type { TelemetryStore } from '../../store/telemetry-store.ts';
import { charactersOf, MAX_CHARACTERS, MAX_ITEMS, type Portion } from '../portion.ts';
import { type Feed, windowedFeed } from './feed.ts';

const WINDOW_SPANS = 20_000;

export function spansFeed(store: Pick<TelemetryStore, 'endedSpans'>): Feed {
  return windowedFeed(WINDOW_SPANS, async (fromMs, toMs, signal) => {
    const spans = await store.endedSpans(fromMs, toMs, signal);
    return { items: spans.length, portions: portionsOf(spans) };
  });
}

function* portionsOf(all: readonly SpanRecord[]): Generator<Portion> {
  let spans: SpanRecord[] = [];
  let characters = 0;
  for (const span of all) {
    spans.push(span);
    characters += charactersOf(span.attributes);
    for (const { name, attributes } of span.events) characters += name.length + charactersOf(attributes);
    if (spans.length < MAX_ITEMS && characters < MAX_CHARACTERS) continue;
    yield { signal: 'traces', spans };
    spans = [];
    characters = 0;
  }
  if (spans.length > 0) yield { signal: 'traces', spans };
}
