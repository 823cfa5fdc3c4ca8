import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose, type Filter } from './service.ts';

test('filters stand in front of a service, the first one outermost', async () => {
  const around =
    (name: string): Filter<string, string> =>
    async (request, next) =>
      `${name}(${await next(`${request}>${name}`)})`;
  const service = compose([around('a'), around('b')], async (request) => request);
  assert.equal(await service('in'), 'a(b(in>a>b))');
});

test('a filter may answer by itself or call on more than once', async () => {
  let calls = 0;
  const twice: Filter<number, number> = async (request, next) =>
    (await next(request)) + (await next(request));
  const closed: Filter<number, number> = async () => -1;
  const service = async (request: number): Promise<number> => {
    calls++;
    return request;
  };
  assert.equal(await compose([twice], service)(5), 10);
  assert.equal(await compose([closed], service)(5), -1);
  assert.equal(calls, 2);
});
