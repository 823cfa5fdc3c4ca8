// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose files
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemLine } from '../problem.ts';
import { guideFile } from '../testing/guide.ts';
import { settingsFolder } from '../testing/settings-folder.ts';
import type { Variables } from './interpolate.ts';
import { readStack } from './read-stack.ts';
import type { StackService } from './stack.ts';

async function read(text: string, variables: Variables = {}): Promise<Awaited<ReturnType<typeof readStack>>> {
  using folder = settingsFolder({ 'stack.yaml': text });
  const stack = await readStack(join(folder.path, 'stack.yaml'), variables);
  return { ...stack, problems: stack.problems.map((one) => ({ ...one, file: 'stack.yaml' })) };
}

async function serviceOf(lines: string, variables: Variables = {}): Promise<StackService> {
  const { services, problems } = await read(`services:\n  web:\n    image: web\n${lines}`, variables);
  assert.deepEqual(problems.map(problemLine), []);
  return services[0]!;
}

test('the stack of the guide is read with its anchors, merge keys and variables', async () => {
  const { services, problems } = await read(guideFile('deploy/stack.yaml'), { TAX_TAG: '1.5' });
  assert.deepEqual(problems, []);
  const update = { order: 'start-first', failureAction: 'rollback', delayMs: 5_000 };
  const common = { mode: 'replicated', constraints: [], networks: ['back'], labels: {}, update };
  assert.deepEqual(services, [
    {
      ...common,
      name: 'tax',
      image: 'registry.example.com/tax:1.5',
      replicas: 2,
      healthcheck: { isOn: true, test: ['CMD', 'node', 'health.js'], intervalMs: 10_000, retries: 3 },
      ports: [],
    },
    {
      ...common,
      name: 'payments',
      image: 'registry.example.com/payments:2.0',
      replicas: 3,
      ports: [{ target: 8080, published: 8080, protocol: 'tcp' }],
    },
    {
      name: 'agent',
      image: 'registry.example.com/agent:1.0',
      mode: 'global',
      replicas: 1,
      constraints: [],
      ports: [],
      networks: [],
      resources: { limits: { cpus: 0.5, memoryBytes: 256 * 1_024 ** 2 }, reservations: {} },
      labels: {},
    },
  ]);
});

test('ports, labels, networks and health checks are read in all their forms', async () => {
  const { ports, labels, networks, healthcheck, constraints } = await serviceOf(`
    ports: [80, "8080:81", "127.0.0.1:53:53/udp", "[::1]:9000:90", "3000-3005:4000-4005", "127.0.0.1::70", { target: 443, published: "8443", mode: host }]
    labels: [a=1, b=2=3, c]
    networks: { front: { aliases: [x] }, back: }
    healthcheck: { test: curl localhost, interval: 1m30s, timeout: 1.5s, start_period: 500ms }
    deploy: { labels: { b: 7, d: true, e: }, placement: { constraints: [node.role == manager] } }
`);
  assert.deepEqual(ports, [
    { target: 80, protocol: 'tcp' },
    { target: 81, published: 8080, protocol: 'tcp' },
    { target: 53, published: 53, protocol: 'udp' },
    { target: 90, published: 9000, protocol: 'tcp' },
    { target: 4000, protocol: 'tcp' },
    { target: 70, protocol: 'tcp' },
    { target: 443, published: 8443, protocol: 'tcp' },
  ]);
  assert.deepEqual(labels, { a: '1', b: '7', c: '', d: 'true', e: '' });
  assert.deepEqual(networks, ['front', 'back']);
  assert.deepEqual(healthcheck, {
    isOn: true,
    test: ['CMD-SHELL', 'curl localhost'],
    intervalMs: 90_000,
    timeoutMs: 1_500,
    startPeriodMs: 500,
  });
  assert.deepEqual(constraints, ['node.role == manager']);
});

test('limits and reservations are read as Docker takes them', async () => {
  const resourcesOf = async (resources: string, variables: Variables = {}) =>
    (await serviceOf(`    deploy: { resources: ${resources} }`, variables)).resources;
  assert.deepEqual(
    await resourcesOf(
      `{ limits: { cpus: '0.50', memory: 512M, pids: 100 }, reservations: { cpus: 1, memory: 64mib } }`,
    ),
    {
      limits: { cpus: 0.5, memoryBytes: 512 * 1_024 ** 2 },
      reservations: { cpus: 1, memoryBytes: 64 * 1_024 ** 2 },
    },
  );
  assert.deepEqual(await resourcesOf(`{ limits: { cpus: '0', memory: 0 } }`), {
    limits: {},
    reservations: {},
  });
  assert.equal((await serviceOf('    deploy: { replicas: 2 }')).resources, undefined);
  const sizes = { 4096: 4_096, '10b': 10, '10kb': 10_240, '1.5g': 1.5 * 1_024 ** 3, '2 GB': 2 * 1_024 ** 3 };
  for (const [memory, bytes] of Object.entries(sizes))
    assert.equal(
      (await resourcesOf('{ limits: { memory: "$M" } }', { M: memory }))!.limits.memoryBytes,
      bytes,
      memory,
    );
});

test('a health check can be switched off in both ways', async () => {
  for (const off of ['disable: true', 'test: [NONE]'])
    assert.equal((await serviceOf(`    healthcheck: { ${off} }`)).healthcheck!.isOn, false);
});

test('variables become numbers where numbers belong, and what is not set is no image', async () => {
  const lines = `    deploy: { replicas: "\${COUNT:-4}" }\n    healthcheck: { retries: '\${RETRIES}' }`;
  const { replicas, healthcheck } = await serviceOf(lines, { RETRIES: '7' });
  assert.deepEqual([replicas, healthcheck!.retries], [4, 7]);
  const { services, problems } = await read(`services: { web: { image: "web:$TAG" }, own: { build: . } }`);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    services.map(({ image }) => image),
    [undefined, undefined],
  );
});

test('mistakes are told with line and column', async () => {
  const cases: readonly (readonly [text: string, told: RegExp])[] = [
    ['', /:1:1 it is empty/],
    ['- a', /:1:1 write services: …/],
    ['version: "3"', /:1:1 services are missing/],
    ['services: [web]', /:1:11 services: write the names of services, not a list/],
    ['servces: {}\nservices: {}', /:1:1 there is no key servces here: did you mean services\?/],
    ['services: { web: nginx }', /:1:18 services\.web: write image: …/],
    [
      'services: { web: { imgae: nginx } }',
      /:1:20 services\.web: there is no key imgae here: did you mean image\?/,
    ],
    ['services: { web: { image: a, extends: b } }', /:1:30 services\.web: docker stack takes no extends/],
    ['services: { web: { image: a, deploy: { replcas: 2 } } }', /:1:40 .*did you mean replicas\?/],
    [
      'services: { web: { image: a, deploy: { replicas: two } } }',
      /:1:50 services\.web\.deploy\.replicas: write a whole number, not "two"/,
    ],
    ['services: { web: { image: a, deploy: { replicas: $N } } }', /not "": N is not set here/],
    ['services: { web: { image: a, deploy: { mode: globl } } }', /write one of replicated, global/],
    ['services: { web: { image: "a:${TAG" } }', /:1:30 services\.web\.image: this \$\{ is not closed/],
    ['services: { web: { image: "a:$-" } }', /:1:30 .*the name of a variable/],
    ['services: { web: { image: "a:${T:?is needed}" } }', /the variable T is not set: is needed/],
    ['services: { web: { image: a, ports: ["eighty"] } }', /:1:38 services\.web\.ports\[0\]: write a port/],
    ['services: { web: { image: a, healthcheck: { test: [node] } } }', /begins with CMD/],
    ['services: { web: { image: a, healthcheck: { interval: 5 } } }', /write a duration such as 30s/],
    [
      'services: { web: { image: a, deploy: { update_config: { order: first } } } }',
      /start-first, stop-first/,
    ],
    ['services: { a: { image: a, deploy: { resources: { limit: {} } } } }', /did you mean limits\?/],
    ['services: { a: { image: a, deploy: { resources: { limits: { cpu: 1 } } } } }', /did you mean cpus\?/],
    [
      'services: { a: { image: a, deploy: { resources: { limits: { cpus: 1e3 } } } } }',
      /limits\.cpus: write a number of CPUs such as 0\.5, not "1e3"/,
    ],
    [
      'services: { a: { image: a, deploy: { resources: { limits: { cpus: 0.0000000001 } } } } }',
      /write a number of CPUs/,
    ],
    [
      'services: { a: { image: a, deploy: { resources: { limits: { memory: 512MX } } } } }',
      /limits\.memory: write a size such as 512M or 2G, not "512MX"/,
    ],
    [
      'services: { a: { image: a, deploy: { resources: { limits: { memory: 99999999p } } } } }',
      /write a size/,
    ],
    [
      'services: { a: { image: a, deploy: { resources: { reservations: { memory: $M } } } } }',
      /not "": M is not set here/,
    ],
    ['services: { web: { image: *a } }', /no &a stands above/],
  ];
  for (const [text, told] of cases) {
    const { problems } = await read(text);
    assert.equal(problems.length, 1, `${text}\n${problems.map(problemLine).join('\n')}`);
    assert.match(problemLine(problems[0]!), told);
  }
  const { problems } = await readStack('/nowhere/stack.yaml');
  assert.match(problemLine(problems[0]!), /^\/nowhere\/stack\.yaml:1:1 it does not exist$/);
});
