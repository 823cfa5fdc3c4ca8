/** The front door: what a service author imports. */
export * from '@goblin/core';
export * from '@goblin/data';
export * from '@goblin/mesh';
