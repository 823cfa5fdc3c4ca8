/** Where faults strike: around what answers calls, and around each attempt that goes out, so that retries meet them
 * too. While nothing is injected both pass on what there is as it is: answers without a promise, and outcomes. */
import { answersOf, type Call, type CallService, contextOf } from '@goblin/core';
import { tellOutcome } from '../dispatcher.ts';
import type { Transport } from '../transport.ts';
import type { Faults } from './faults.ts';

/** Procedures whose calls the faults of the server side strike. */
export function faultyProcedures(procedures: CallService, faults: Faults): CallService {
  const strike = faults.filter('server');
  const answer = answersOf(procedures) as CallService;
  return Object.assign((call: Call) => strike(call, procedures), {
    answer: (call: Call) => strike(call, answer),
  });
}

/** A transport whose attempts the faults of the client side strike. */
export function faultyTransport(transport: Transport, faults: Faults): Transport {
  const strike = faults.filter('client');
  const call: Transport['call'] = (peer, call) => strike(call, (struck) => transport.call(peer, struck));
  return {
    name: transport.name,
    call,
    begin(peer, begun, outcome) {
      if (faults.size === 0 && transport.begin) transport.begin(peer, begun, outcome);
      else tellOutcome(contextOf(begun), () => call(peer, begun), outcome);
    },
    onLost: (listener) => transport.onLost?.(listener),
    close: () => transport.close(),
  };
}
