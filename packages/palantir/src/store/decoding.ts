/** Where the writer finds decoders: a module that exports `decoders`, because functions do not go from thread to thread. */
import { GoblinError } from '@goblin/core';
import type { Decoder } from '../decode/decoder.ts';
import type { Batch, Labels } from '../model.ts';

export type Decoders = Readonly<Record<string, Decoder>>;

export async function loadDecoders(url: string): Promise<Decoders> {
  const module = (await import(url)) as { decoders?: Decoders };
  if (module.decoders) return module.decoders;
  throw new GoblinError('INTERNAL', { message: `${url} exports no decoders` });
}

/** @throws UNSUPPORTED_MEDIA_TYPE for a format that nobody decodes, MALFORMED_REQUEST and what else the decoder throws */
export function decode(
  decoders: Decoders,
  format: string,
  bytes: Uint8Array,
  receivedAtMs: number,
  target: Labels | undefined,
): Batch {
  const decoder = Object.hasOwn(decoders, format) ? decoders[format] : undefined;
  if (!decoder) {
    const message = `${JSON.stringify(format)} is no format of telemetry: there are ${Object.keys(decoders).join(', ')}`;
    throw new GoblinError('UNSUPPORTED_MEDIA_TYPE', { message });
  }
  try {
    return decoder(bytes, receivedAtMs, target);
  } catch (error) {
    if (error instanceof GoblinError) throw error;
    throw new GoblinError('MALFORMED_REQUEST', {
      message: `these bytes are not ${format}: ${(error as Error).message}`,
      cause: error,
    });
  }
}
