/** An old application behind the edge, and the two services that take its routes over. See README.md. */
import { app } from 'goblin';

export default app({
  name: 'strangler',
  services: {
    catalog: './services/catalog',
    orders: './services/orders',
    legacy: { command: 'node legacy/server.js', port: Number(process.env.LEGACY_PORT ?? 3000) },
  },
  edge: {
    port: Number(process.env.GOBLIN_PORT ?? 8080),
    routes: [
      { path: '/catalog/*', to: 'catalog' },
      { path: '/orders/*', to: 'orders', percent: 20, otherwise: 'legacy' },
      { path: '/*', to: 'legacy' },
    ],
  },
});
