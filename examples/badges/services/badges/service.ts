/** Badges as pictures: `GET /badges/build.svg?value=passing&colour=green`. A badge depends on its address alone, so
 * browsers and proxies may keep it, and who has it already is answered 304. */
import { createHash } from 'node:crypto';
import { type Client, serve } from 'goblin';
import { drawBadge } from './badge.ts';
import { badges } from './contract.ts';
import { isFresh } from './entity-tag.ts';

export default serve(
  badges,
  {
    render(badge) {
      const svg = drawBadge(badge);
      return { svg, tag: createHash('sha256').update(svg).digest('base64url').slice(0, 22) };
    },
  },
  { routes: { 'GET /badges/:name.svg': show } },
);

type Params = Readonly<Record<string, string>>;

async function show(request: Request, call: Client<typeof badges>, { name = '' }: Params): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const colour = searchParams.get('colour');
  const { svg, tag } = await call.render({
    label: searchParams.get('label') ?? name,
    value: searchParams.get('value') ?? '',
    ...(colour !== null && { colour }),
  });
  const headers = { etag: `"${tag}"`, 'cache-control': 'public, max-age=3600, stale-while-revalidate=86400' };
  if (isFresh(request.headers.get('if-none-match'), tag)) return new Response(null, { status: 304, headers });
  return new Response(svg, { headers: { ...headers, ...PICTURE } });
}

const PICTURE = {
  'content-type': 'image/svg+xml; charset=utf-8',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
};
