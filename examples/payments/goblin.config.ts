/** A payments platform of seven services. `goblin up` runs it; see README.md for what each part does. */
import { app } from 'goblin';

const edgePort = Number(process.env.GOBLIN_PORT ?? 8080);
const acquirerPort = Number(process.env.ACQUIRER_PORT ?? 9000);

export default app({
  name: 'payments',
  secrets: ['acquirer_key', 'webhook_secret', 'fingerprint_key'],
  services: {
    shop: './services/shop',
    payments: { from: './services/payments', instances: 2 },
    tax: { from: './services/tax', instances: 2 },
    processing: {
      from: './services/processing',
      env: { ACQUIRER_URL: `http://127.0.0.1:${acquirerPort}` },
    },
    webhooks: './services/webhooks',
    receipts: './services/receipts',
    acquirer: {
      command: 'node acquirer/acquirer.ts',
      port: acquirerPort,
      env: { WEBHOOK_URL: `http://127.0.0.1:${edgePort}/webhooks/acquirer` },
    },
  },
  // In earnest it goes to another machine: 's3://…'.
  backup: { to: './.goblin/backups', every: '6h' },
  edge: {
    port: edgePort,
    routes: [
      { path: '/v1/payments', to: 'payments', limit: '500/s per client' },
      { path: '/v1/payments/*', to: 'payments' },
      { path: '/reports/*', to: 'payments', limit: '20/s per client' },
      { path: '/webhooks/*', to: 'webhooks' },
      { path: '/receipts/*', to: 'receipts' },
      { path: '/*', to: 'shop' },
    ],
  },
});
