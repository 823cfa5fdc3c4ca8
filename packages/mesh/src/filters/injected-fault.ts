/** One fault while it is injected: whether a call is struck by it, and what becomes of that call. */
import {
  type Call,
  Cancellation,
  type Clock,
  contextOf,
  type ErrorCode,
  GoblinError,
  type Timer,
  waitWithin,
} from '@goblin/core';
import {
  DEFAULT_FAULT_MS,
  type FaultEffect,
  type FaultMatch,
  type FaultSide,
  type FaultSpec,
} from './fault-spec.ts';

/** A fault that is injected, with its defaults filled in. Plain JSON. */
export interface RunningFault extends FaultSpec {
  readonly id: string;
  readonly match: FaultMatch;
  readonly forMs: number;
  /** When it lifts itself, in milliseconds since the Unix epoch. */
  readonly until: number;
  /** Calls that it has struck so far. */
  readonly struck: number;
}

export interface FaultParts {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** As metrics name what a fault does. */
export type EffectKind = 'latency' | 'error' | 'abort';

export class InjectedFault {
  readonly id: string;
  readonly kind: EffectKind;
  readonly #parts: FaultParts;
  readonly #match: FaultMatch;
  readonly #effect: FaultEffect;
  readonly #forMs: number;
  readonly #until: number;
  readonly #timer: Timer;
  readonly #lifted = new Cancellation();
  readonly #takesService: Pattern;
  readonly #takesContract: Pattern;
  readonly #takesProcedure: Pattern;
  #struck = 0;

  /** @param over is called when its time is. */
  constructor(id: string, { match = {}, effect, forMs }: FaultSpec, parts: FaultParts, over: () => void) {
    this.id = id;
    this.kind = kindOf(effect);
    this.#parts = parts;
    this.#match = match;
    this.#effect = effect;
    this.#forMs = forMs ?? DEFAULT_FAULT_MS;
    this.#until = parts.clock.wall() + this.#forMs;
    this.#timer = parts.clock.after(this.#forMs, over);
    this.#takesService = pattern(match.service);
    this.#takesContract = pattern(match.contract);
    this.#takesProcedure = pattern(match.procedure);
  }

  /** Whether it strikes this call: a share of those that fit. */
  hits(side: FaultSide, call: Call): boolean {
    const { contract, name } = call.procedure;
    const { tenant, percent = 100 } = this.#match;
    return (
      side === (this.#match.side ?? 'server') &&
      (tenant === undefined || tenant === contextOf(call).tenant) &&
      this.#takesContract(contract) &&
      this.#takesProcedure(name) &&
      this.#takesService(contract.slice(0, contract.indexOf('.'))) &&
      (percent >= 100 || this.#parts.random() * 100 < percent)
    );
  }

  /** Settles when the call may go on. */
  async strike(call: Call): Promise<void> {
    this.#struck++;
    const effect = this.#effect;
    if ('error' in effect) throw this.#error(effect.error);
    if ('latencyMs' in effect) return this.#hold(call, this.#latencyMs(effect.latencyMs));
    if (effect.abort === 'hang') await this.#hold(call, Number.POSITIVE_INFINITY);
    throw this.#error('CONNECTION_FAILED');
  }

  lift(): void {
    this.#timer.cancel();
    this.#lifted.cancel(undefined);
  }

  shown(): RunningFault {
    return {
      id: this.id,
      match: this.#match,
      effect: this.#effect,
      forMs: this.#forMs,
      until: this.#until,
      struck: this.#struck,
    };
  }

  /** Until so much time has passed or the fault is lifted. Rejects when the call is cancelled or its deadline passes. */
  #hold(call: Call, forMs: number): Promise<void> {
    let timer: Timer | undefined;
    let unlisten: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      unlisten = this.#lifted.onCancel(() => resolve());
      if (forMs !== Number.POSITIVE_INFINITY) timer = this.#parts.clock.after(forMs, resolve);
    });
    return waitWithin(contextOf(call), over).finally(() => {
      timer?.cancel();
      unlisten?.();
    });
  }

  #latencyMs(latencyMs: number | readonly [number, number]): number {
    if (typeof latencyMs === 'number') return latencyMs;
    const [least, most] = latencyMs;
    return least + this.#parts.random() * (most - least);
  }

  #error(code: ErrorCode): GoblinError {
    return new GoblinError(code, {
      message: `the fault ${this.id} was injected here`,
      data: { fault: this.id },
    });
  }
}

function kindOf(effect: FaultEffect): EffectKind {
  if ('error' in effect) return 'error';
  return 'latencyMs' in effect ? 'latency' : 'abort';
}

type Pattern = (text: string) => boolean;

/** `*` stands for any characters. */
function pattern(text = '*'): Pattern {
  const parts = text.split('*').map((part) => part.replaceAll('.', '\\.'));
  const expression = new RegExp(`^${parts.join('.*')}$`);
  return (name) => expression.test(name);
}
