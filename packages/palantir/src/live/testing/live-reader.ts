/** Follows a live state as a page does, and says how what it holds came. */
import assert from 'node:assert/strict';
import { applyPatch, type Operation } from '../json-patch.ts';

export interface LiveReader<T> {
  readonly state: T | undefined;
  readonly number: number;
  /** `wall` or `change`, for each event that was read. */
  readonly events: readonly string[];
  /** Reads until an event came; false when the stream ended. */
  next(): Promise<boolean>;
  cancel(): Promise<void>;
}

/** @throws where a change does not follow on what is held */
export function liveReader<T>(body: ReadableStream<Uint8Array>): LiveReader<T> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const events: string[] = [];
  let text = '';
  let state: T | undefined;
  let number = 0;

  function take(event: string): boolean {
    const [, kind, id, data] = /^event: (wall|change)\nid: (\d+)\ndata: (.*)$/.exec(event) ?? [];
    if (kind === undefined) return false;
    if (kind === 'change') assert.equal(Number(id), number + 1, 'it follows on what is held');
    const parsed: unknown = JSON.parse(data!);
    state = kind === 'wall' ? (parsed as T) : applyPatch(state!, parsed as Operation[]);
    number = Number(id);
    events.push(kind);
    return true;
  }

  return {
    get state() {
      return state;
    },
    get number() {
      return number;
    },
    events,
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          if (take(event)) return true;
          continue;
        }
        const { value, done } = await reader.read();
        if (done) return false;
        text += decoder.decode(value, { stream: true });
      }
    },
    cancel: () => reader.cancel(),
  };
}
