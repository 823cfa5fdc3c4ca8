/** What a container is, by its name, labels and image: the service it runs, its place in that, and its version. */
import type { ContainerEntry } from './docker-answers.ts';

const SWARM_SERVICE = 'com.docker.swarm.service.name';
const SWARM_TASK = 'com.docker.swarm.task.name';
const COMPOSE_SERVICE = 'com.docker.compose.service';
const COMPOSE_NUMBER = 'com.docker.compose.container-number';
const IMAGE_VERSION = 'org.opencontainers.image.version';
/** Of a digest, as Docker shows it. */
const SHORT_DIGEST = 12;

export interface ContainerIdentity {
  readonly name: string;
  readonly service: string;
  readonly slot: number;
  readonly version: string;
  /** Without registry credentials, tag and digest. */
  readonly image: string;
}

export function identityOf(entry: ContainerEntry): ContainerIdentity {
  const labels = entry.Labels ?? {};
  const name = nameOf(entry);
  // `web.2.9t8sy9nnriwj…`: service, slot (or node, of a global service), task.
  const slot = Number(labels[SWARM_TASK]?.slice((labels[SWARM_SERVICE]?.length ?? 0) + 1).split('.')[0]);
  return {
    name,
    service: labels[SWARM_SERVICE] ?? labels[COMPOSE_SERVICE] ?? name,
    slot: (Number.isInteger(slot) && slot) || Number(labels[COMPOSE_NUMBER]) || 1,
    version: versionOf(entry.Image, labels[IMAGE_VERSION]),
    image: imageName(entry.Image),
  };
}

function nameOf({ Names, Id }: ContainerEntry): string {
  // A linked container has more names: its own has no second slash.
  const own = Names?.find((name) => name.lastIndexOf('/') === 0) ?? Names?.[0];
  return own?.replace(/^\//, '') ?? Id.slice(0, SHORT_DIGEST);
}

/** `registry:5000/shop/tax:1.4@sha256:…` is `registry:5000/shop/tax`. */
export function imageName(image: string): string {
  const [name = ''] = image.split('@');
  return tagOf(name) === undefined ? name : name.slice(0, name.lastIndexOf(':'));
}

/** The tag, where it says something; else the label, else the digest. @param label of the image, where it is known */
export function versionOf(image: string, label?: string): string {
  const [name = '', digest] = image.split('@');
  const tag = image.startsWith('sha256:') ? undefined : tagOf(name);
  if (tag !== undefined && tag !== 'latest') return tag;
  const hash = digest ?? (image.startsWith('sha256:') ? image : undefined);
  return label ?? hash?.replace('sha256:', '').slice(0, SHORT_DIGEST) ?? tag ?? 'latest';
}

/** A colon before a slash is that of a port. */
function tagOf(name: string): string | undefined {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(colon + 1) : undefined;
}
