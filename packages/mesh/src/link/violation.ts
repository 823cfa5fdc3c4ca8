/** What ends a link because the other end does not keep to the protocol. The connection is cut, nothing else. */
import { GoblinError } from '@goblin/core';

export class LinkViolation extends GoblinError {
  constructor(what: string) {
    super('MALFORMED_REQUEST', { message: `this is not the link protocol: ${what}` });
  }
}
