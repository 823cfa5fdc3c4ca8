/** NestJS microservices over its TCP transport. Its decorators are applied as functions, which is what they are. */
import 'reflect-metadata';
import { type AddressInfo, createServer } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';

class TaxController {
  quote(input: Quote): Answer {
    return answer(input);
  }
}
Controller()(TaxController);
MessagePattern('quote')(
  TaxController.prototype,
  'quote',
  Object.getOwnPropertyDescriptor(TaxController.prototype, 'quote')!,
);

class TaxModule {}
Module({ controllers: [TaxController] })(TaxModule);

export async function server(): Promise<BenchServer> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const free = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(free));
    });
  });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(TaxModule, {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
    logger: false,
  });
  await app.listen();
  return { address: `127.0.0.1:${port}`, close: () => app.close() };
}

export async function client(address: string): Promise<BenchClient> {
  const [host, port] = address.split(':');
  const proxy = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: host!, port: Number(port) },
  });
  await proxy.connect();
  return {
    call: (input) => firstValueFrom(proxy.send<Answer>('quote', input)),
    close: async () => proxy.close(),
  };
}
