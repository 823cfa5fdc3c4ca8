import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { metricsRegistry, type VirtualClock, virtualClock } from '@goblin/core';
import { observeCertificate } from '@goblin/mesh';
import { decoders } from '../../decode/decoders.ts';
import { contentOf } from '../alert-content.ts';
import { compileCondition } from '../conditions/compile.ts';
import { DEFAULT_RULES } from '../default-rules.ts';
import { testSource } from '../testing/series-source.ts';

const DAY_MS = 86_400_000;
/** Of nobody, and never trusted. */
const PEM = `-----BEGIN CERTIFICATE-----
MIIBizCCATGgAwIBAgIUCQC3kPuzgF0L1l31rwpyMWJItP4wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAeFw0yNjExMjExNTU2NTRaFw0y
NzAyMTkxNTU2NTRaMBsxGTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARM5qGQS4gBUV2x8nUIBZqbT//SJm9+FlEoQ6Wq
qkFcOGMXvtUjxvhpOieI7LjZCX+gVZODvox5jqk1rlV9pwIbo1MwUTAdBgNVHQ4E
FgQUof3IjP1dfglZf39e3fnB/09wxqwwHwYDVR0jBBgwFoAUof3IjP1dfglZf39e
3fnB/09wxqwwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAnS94
QMExOct9VzVrKRm/0C2rNvrCy3OU8UZb88dEK7UCIDiIx5FxLON4chCQiVuJGCOf
I0q/FytNri+4VGBw1NIm
-----END CERTIFICATE-----
`;
const EXPIRES_MS = new X509Certificate(PEM).validToDate.getTime();

/** What the rules say of what an edge tells at that moment. */
async function saidBy(clock: VirtualClock): Promise<Readonly<Record<string, string>>> {
  const metrics = metricsRegistry({ clock });
  using _ = observeCertificate(metrics, clock, 'edge', () => PEM);
  const page = new TextEncoder().encode(metrics.expose('openmetrics'));
  const target = { service: 'edge', instance: 'edge-1' };
  const { samples } = decoders.openmetrics(page, clock.wall(), target);
  const said: Record<string, string> = {};
  for (const rule of DEFAULT_RULES.filter(({ name }) => name.startsWith('certificate'))) {
    const sources = {
      metrics: testSource(samples),
      logs: { searchLogs: async function* () {}, logCounts: async () => [] },
      errors: { newSince: () => [] },
    };
    const reading = await compileCondition(rule.condition, sources).read(
      clock.wall(),
      new AbortController().signal,
    );
    for (const finding of reading.findings) said[rule.name] = contentOf(rule, finding).summary;
  }
  return said;
}

test('a real certificate raises a ticket two weeks before it expires, and a page two days before', async () => {
  const said = (daysBefore: number): Promise<Readonly<Record<string, string>>> =>
    saidBy(virtualClock(EXPIRES_MS - daysBefore * DAY_MS));
  assert.deepEqual(await said(15), {});
  const ticket = 'edge: a certificate expires in 13 days';
  assert.deepEqual(await said(13), { certificate: ticket });
  const page = 'edge: a certificate expires in 1 days';
  assert.deepEqual(await said(1), { 'certificate-expired': page, certificate: page });
  const { certificate } = await said(-1);
  assert.equal(certificate, 'edge: a certificate expires in -1 days');
});
