/** One service and an edge: SVG badges at http://localhost:8080/badges/build.svg?value=passing */
import { app } from 'goblin';

export default app({
  name: 'badges',
  services: { badges: { from: './services/badges', instances: 2 } },
  edge: {
    port: Number(process.env.GOBLIN_PORT ?? 8080),
    routes: [{ path: '/badges/*', to: 'badges', limit: '1000/s per client' }],
  },
});
