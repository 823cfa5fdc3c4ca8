/** @grpc/grpc-js with its own way to services: definitions read by @grpc/proto-loader, with the options that its guide
 * gives, and one channel. Payloads are Protobuf, shorter than the JSON of the others. */
import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServiceClientConstructor,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { type Answer, answer, type BenchClient, type BenchServer, type Quote } from '../peer.ts';

type Callback = (error: ServiceError | null, output?: Answer) => void;

const definition = loadSync(join(import.meta.dirname, '../proto/tax.proto'), {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});
const loaded = loadPackageDefinition(definition) as unknown as {
  bench: { v1: { TaxService: ServiceClientConstructor } };
};
const { TaxService } = loaded.bench.v1;

const implementation: UntypedServiceImplementation = {
  Quote: (call: { request: Quote }, callback: Callback) => callback(null, answer(call.request)),
};

export async function server(): Promise<BenchServer> {
  const grpc = new Server();
  grpc.addService(TaxService.service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    close: () => new Promise((resolve) => grpc.tryShutdown(() => resolve())),
  };
}

export async function client(address: string): Promise<BenchClient> {
  const tax = new TaxService(address, credentials.createInsecure());
  const quote = tax.Quote!.bind(tax) as (input: Quote, callback: Callback) => void;
  return {
    call: (input) =>
      new Promise((resolve, reject) => {
        quote(input, (error, output) => (error ? reject(error) : resolve(output!)));
      }),
    close: async () => tax.close(),
  };
}
