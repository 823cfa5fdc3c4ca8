/** The orders that processes of the mesh know. */
import { GoblinError } from '@goblin/core';
import type { TargetView } from '../balance/target-view.ts';
import type { FaultSpec } from '../filters/fault-spec.ts';
import type { Faults, RunningFault } from '../filters/faults.ts';
import type { Orders } from './control-door.ts';

/** `explain` takes `{ name }` and answers how the process treats the peers of that name. */
export function meshOrders(mesh: { explain(name: string): TargetView }): Orders {
  return {
    explain: (args): TargetView => {
      const name = textIn(args, 'name');
      if (name !== undefined) return mesh.explain(name);
      throw new GoblinError('INVALID_INPUT', {
        message: 'name must be that of a service, a contract or an instance',
      });
    },
  };
}

/** `faults.inject` takes a fault and answers it as it runs, `faults.lift` takes `{ id }` or nothing for all and answers
 * those that were lifted, `faults.list` answers those that run. */
export function faultOrders(faults: Faults): Orders {
  return {
    'faults.inject': (args): RunningFault => faults.inject(args as FaultSpec),
    'faults.lift': (args): readonly RunningFault[] => faults.lift(textIn(args, 'id')),
    'faults.list': (): readonly RunningFault[] => faults.list(),
  };
}

/** A text that may be missing. @throws INVALID_INPUT */
function textIn(args: unknown, name: string): string | undefined {
  const value = (args as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new GoblinError('INVALID_INPUT', { message: `${name} must be a text` });
}
