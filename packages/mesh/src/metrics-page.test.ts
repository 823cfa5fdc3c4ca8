import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { beacon } from './discovery/beacon.ts';
import { clusterKey } from './discovery/cluster-key.ts';
import { seeds } from './discovery/seeds.ts';
import { recorder, SECRET } from './discovery/testing/recorder.ts';
import { joinMesh } from './mesh.ts';

const PAGE = new URL('../../../docs/reference/metrics.md', import.meta.url);

test('docs/reference/metrics.md has a line for every metric of a joined mesh, as it is', async () => {
  const telemetry = recorder();
  await using _mesh = await joinMesh({
    self: { instance: 'cli-1', service: undefined, version: '1', contracts: [], address: undefined },
    finders: [beacon({ scope: 'eth99' }), seeds([])],
    clusterKey: clusterKey({ cluster: 'tests', secret: SECRET }),
    telemetry,
    transport: { name: 'none', call: async () => undefined, close: async () => {} },
  });
  const lines = (await readFile(PAGE, 'utf8')).split('\n');
  const declared = [...telemetry.declared].filter(([name]) => name.startsWith('mesh_'));
  assert.ok(declared.length >= 11);
  for (const [name, { help, labels = [] }] of declared) {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    const named = labels.map((label) => `\`${label}\``).join(', ');
    const line = `| \`${name}\` | ${type} | | ${named === '' ? '' : `${named} `}| ${help} |`;
    assert.ok(lines.includes(line), `${line} is not on the page`);
  }
});
