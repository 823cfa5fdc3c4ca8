/** What arrives part by part, for one who takes it in a loop. It is as large as what was sent: the sender keeps it small. */

export class Parts<Part> {
  readonly #waiting: Part[] = [];
  #wake: (() => void) | undefined;
  #outcome: { readonly error?: unknown } | undefined;

  add(part: Part): void {
    this.#waiting.push(part);
    this.#wake?.();
  }

  end(): void {
    this.#outcome = {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#outcome = { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Part> {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift()!;
      if (this.#outcome) {
        if ('error' in this.#outcome) throw this.#outcome.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
