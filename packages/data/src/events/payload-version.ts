/** Versions of payloads. Each event is kept with the version that it was published in, and upgraded when it is read, one version
 * after the other; so code of version N and N + 1 runs together, and what is kept is never rewritten. A payload of a
 * version that this code does not know yet is left to newer code. */
import { GoblinError, parse, type Schema, type SchemaOutput } from '@goblin/core';

/** Makes of a payload the one of the next version. What it gets is what was published then, as JSON. */
// biome-ignore lint/suspicious/noExplicitAny: what an older version published is for its upgrade to know.
export type Upgrade = (older: any) => unknown;
export type Upgrades = Readonly<Record<number, Upgrade>>;

interface Versioned<S extends Schema> {
  readonly type: string;
  readonly schema: S;
  readonly version: number;
  readonly upgrade: Upgrades;
}

/** @throws INVALID_INPUT naming the version */
export function checkUpgrades(type: string, version: number, upgrade: Upgrades): void {
  const refuse = (message: string): never => {
    throw new GoblinError('INVALID_INPUT', { message: `the event ${type} ${message}` });
  };
  if (!Number.isSafeInteger(version) || version < 1)
    refuse(`cannot have the version ${version}: count 1, 2, 3 …`);
  const from = Object.keys(upgrade).map(Number);
  const oldest = Math.min(version, ...from);
  for (const older of from)
    if (!Number.isSafeInteger(older) || older < 1 || older >= version)
      refuse(`has an upgrade from ${older}, which is no version before ${version}`);
  for (let older = oldest; older < version; older++)
    if (!Object.hasOwn(upgrade, older)) refuse(`has no upgrade from version ${older}`);
  if (version > 1 && oldest === version) refuse(`has no upgrade from version ${version - 1}`);
}

/** The payload as this code knows it. @throws INVALID_INPUT, or FAILED_PRECONDITION for a version without an upgrade */
export async function currentPayload<S extends Schema>(
  { type, schema, version, upgrade }: Versioned<S>,
  row: { readonly id: number; readonly version: number; readonly payload: unknown },
): Promise<SchemaOutput<S>> {
  if (row.version > version) throw newerVersion(type, row, version);
  let { payload } = row;
  for (let from = row.version; from < version; from++) {
    const step = upgrade[from];
    if (!step) {
      throw new GoblinError('FAILED_PRECONDITION', {
        message: `the event ${type} ${row.id} is of version ${row.version}, from which there is no upgrade any more`,
      });
    }
    payload = step(payload);
  }
  return parse(schema, payload, 'INVALID_INPUT', `the event ${type} ${row.id}`);
}

function newerVersion(type: string, row: { id: number; version: number }, known: number): GoblinError {
  return new GoblinError('FAILED_PRECONDITION', {
    message: `the event ${type} ${row.id} is of version ${row.version}, and this code knows ${known}: it is left to newer code`,
  });
}
