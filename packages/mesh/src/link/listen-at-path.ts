/** Answers links at a Unix socket, for callers on the same machine. A file that a killed process left there is removed;
 * one that somebody answers at is not. */
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { GoblinError } from '@goblin/core';
import type { LinkServer } from './link-server.ts';

/** Listens until the server is closed. @throws PORT_IN_USE */
export async function listenAtPath(path: string, links: LinkServer): Promise<Server> {
  const server = createServer((socket) => links.accept(socket));
  try {
    await listen(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (await isAnswered(path)) {
      const message = `another process answers at ${path}: stop it, or choose another path`;
      throw new GoblinError('PORT_IN_USE', { message, cause: error });
    }
    await unlink(path);
    await listen(server, path);
  }
  return server;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const tell = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', () => tell(false));
  });
}
