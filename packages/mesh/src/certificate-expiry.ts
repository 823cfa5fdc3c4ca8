/** How long the certificate that a process shows is still good, as a metric: nothing fails before it expires, and everything does then. Of a
 * chain the first to expire counts, because callers refuse all of it from then on. One that cannot be read has no value, and
 * counts as a read that failed. */
import { X509Certificate } from 'node:crypto';
import { type Clock, GoblinError, type Metrics } from '@goblin/core';

const PEM = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs;

/** @param use what it is for. @param current in PEM, read at each collection, so that renewals are followed.
 * @returns what ends it */
export function observeCertificate(
  metrics: Metrics,
  clock: Clock,
  use: 'edge' | 'link',
  current: () => string | Buffer,
): Disposable {
  return metrics.observe(
    'tls_certificate_expires_seconds',
    {
      help: 'Time until the certificate that this process shows, or one of its chain, expires; negative from then on.',
      labels: ['use'],
    },
    (set) => set((expiresAtMs(current()) - clock.wall()) / 1_000, use),
  );
}

function expiresAtMs(chain: string | Buffer): number {
  const certificates = chain.toString().match(PEM) ?? [];
  if (certificates.length === 0)
    throw new GoblinError('INVALID_INPUT', { message: 'there is no certificate in PEM' });
  return Math.min(...certificates.map((one) => new X509Certificate(one).validToDate.getTime()));
}
