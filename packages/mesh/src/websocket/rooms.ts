/** Who is in which room. A room exists while somebody is in it. */
import { GoblinError } from '@goblin/core';

/** So that a handler that takes room names from a client cannot be made to hold ever more of them. */
export const MAX_ROOMS_PER_SOCKET = 256;

export class Rooms<Member> {
  readonly #members = new Map<string, Set<Member>>();
  readonly #rooms = new Map<Member, Set<string>>();

  /** Joining twice is joining once. @throws RESOURCE_EXHAUSTED beyond MAX_ROOMS_PER_SOCKET */
  join(member: Member, room: string): void {
    const rooms = this.#rooms.get(member) ?? new Set();
    if (!rooms.has(room) && rooms.size >= MAX_ROOMS_PER_SOCKET) {
      throw new GoblinError('RESOURCE_EXHAUSTED', {
        message: `one socket can be in ${MAX_ROOMS_PER_SOCKET} rooms: leave one before joining ${JSON.stringify(room)}`,
      });
    }
    this.#rooms.set(member, rooms.add(room));
    const members = this.#members.get(room) ?? new Set();
    this.#members.set(room, members.add(member));
  }

  leave(member: Member, room: string): void {
    this.#rooms.get(member)?.delete(room);
    const members = this.#members.get(room);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(room);
  }

  /** Leaves every room. */
  forget(member: Member): void {
    for (const room of this.#rooms.get(member) ?? []) this.leave(member, room);
    this.#rooms.delete(member);
  }

  members(room: string): Iterable<Member> {
    return this.#members.get(room) ?? [];
  }

  /** How many rooms have somebody in them. */
  get size(): number {
    return this.#members.size;
  }
}
