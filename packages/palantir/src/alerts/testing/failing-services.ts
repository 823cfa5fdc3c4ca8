/** When services fail, for the process that is killed (engine-process.ts): a function of time, so that whoever goes on knows. */

export const ROUND_MS = 5_000;
export const PROCESS_SERVICES: readonly string[] = ['tax', 'shop', 'mail'];

/** In turns that are longer than flapping allows. */
export function isFailing(service: string, atMs: number): boolean {
  const periodMs = (40 + 7 * PROCESS_SERVICES.indexOf(service)) * 60_000;
  return Math.floor(atMs / periodMs) % 2 === 1;
}
