/** What somebody chose in the picture or in the table, as it stands in the address (`?show=service:tax`), and where one can go from it. */

export type Selection =
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'node'; readonly node: string }
  /** By its slot: who replaces it is meant as well. */
  | { readonly kind: 'instance'; readonly node: string; readonly service: string; readonly slot: number }
  | { readonly kind: 'flow'; readonly from: string; readonly to: string };

export function formatSelection(selection: Selection): string {
  return [selection.kind, ...partsOf(selection)].map(encodeURIComponent).join(':');
}

function partsOf(selection: Selection): readonly (string | number)[] {
  switch (selection.kind) {
    case 'service':
      return [selection.service];
    case 'node':
      return [selection.node];
    case 'instance':
      return [selection.node, selection.service, selection.slot];
    case 'flow':
      return [selection.from, selection.to];
  }
}

/** Undefined for what was not written by formatSelection: an address can hold anything. */
export function parseSelection(text: string | null): Selection | undefined {
  const [kind, a, b, c] = (text ?? '').split(':').map(decoded);
  if (kind === 'service' && a) return { kind, service: a };
  if (kind === 'node' && a) return { kind, node: a };
  if (kind === 'flow' && a && b) return { kind, from: a, to: b };
  if (kind === 'instance' && a && b && /^\d+$/.test(c ?? ''))
    return { kind, node: a, service: b, slot: Number(c) };
  return undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

/** The services that it is about; a call is about who answers it. */
export function serviceOf(selection: Selection): string | undefined {
  if (selection.kind === 'node') return undefined;
  return selection.kind === 'flow' ? selection.to : selection.service;
}

export interface Place {
  readonly name: string;
  readonly href: string;
}

const REQUESTS = '{__name__=~"(rpc_server_call|http_server_request)_duration_seconds_count"';

/** Where more is to be seen about a service. */
export function placesOf(service: string): readonly Place[] {
  const value = service.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const asked = (page: string, query: string): string =>
    `/explore/${page}?query=${encodeURIComponent(query)}`;
  return [
    { name: 'Service', href: `/explore/services/${encodeURIComponent(service)}` },
    { name: 'Logs', href: asked('logs', `{service="${value}"}`) },
    { name: 'Traces', href: asked('traces', `{ service = "${value}" }`) },
    {
      name: 'Metrics',
      href: asked('metrics', `sum(rate(${REQUESTS}, caller!="route", service="${value}"}[1m]))`),
    },
  ];
}
