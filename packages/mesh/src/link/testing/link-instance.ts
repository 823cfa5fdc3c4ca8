/** A process that serves the probe by links, started by chaos tests. Prints its port. */
import { serveLinks } from './serve-links.ts';

const { port } = await serveLinks();
console.log(port);
