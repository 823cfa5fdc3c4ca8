/** A stream that a handler makes for the other end of a link: one frame per item, no more of them than the reader has
 * given room for and the socket takes, and a last one that says how it ended. The stream's deadline is kept here.
 * When the reader leaves or the deadline passes, the handler's signal is aborted and its generator told to return. */
import {
  type Call,
  type CallService,
  type Cancellation,
  type ContextValues,
  context,
  openScope,
  untilCancelled,
} from '@goblin/core';

/** Where the items go. */
export interface ItemSink {
  /** The procedure has answered with its items, which are still to be made. */
  opened(): void;
  /** Sends one item and answers how many bytes its frame takes. */
  item(value: unknown): number;
  /** Undefined while the socket takes more; otherwise resolves when it does. */
  congestion(): Promise<void> | undefined;
}

export class IncomingStream {
  #room: number;
  #widened: (() => void) | undefined;

  /** @param room how many bytes the reader takes before it asks for more. */
  constructor(room: number) {
    this.#room = room;
  }

  /** The reader takes more. */
  widen(bytes: number): void {
    this.#room += bytes;
    if (this.#room > 0) this.#widened?.();
  }

  /** Resolves after the last item; rejects with what the stream failed with. */
  async run(parent: ContextValues, procedures: CallService, call: Call, sink: ItemSink): Promise<void> {
    const scope = openScope(parent, parent.deadline);
    const { values } = scope;
    const { cancellation } = values;
    let items: AsyncIterator<unknown> | undefined;
    try {
      const answer = context.enter(values, () => procedures(call)) as Promise<AsyncIterable<unknown>>;
      items = (await untilCancelled(cancellation, answer))[Symbol.asyncIterator]();
      sink.opened();
      const next = (): Promise<IteratorResult<unknown>> => items!.next();
      for (;;) {
        const item = await untilCancelled(cancellation, context.enter(values, next));
        if (item.done) return;
        this.#room -= sink.item(item.value);
        if (this.#room <= 0) await this.#untilWidened(cancellation);
        const congestion = sink.congestion();
        if (congestion) await untilCancelled(cancellation, congestion);
      }
    } finally {
      scope.close();
      // Not waited for: a generator that hangs would keep the stream from being ended.
      items?.return?.().catch(ignore);
    }
  }

  async #untilWidened(cancellation: Cancellation): Promise<void> {
    const widened = new Promise<void>((resolve) => {
      this.#widened = resolve;
    });
    await untilCancelled(cancellation, widened);
    this.#widened = undefined;
  }
}

function ignore(): void {}
