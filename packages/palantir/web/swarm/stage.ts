/** Two canvases, one upon the other. The lower one holds all that stands still and is drawn when something changed; on the upper one
 * particles move, a frame at a time, and only where the lines are. Nothing is drawn while nobody can see it, and nothing moves for
 * who asked for less motion. */
import { paintEdgeLabels, paintEdges } from './paint-edges.ts';
import { paintNodes } from './paint-nodes.ts';
import { paintServices } from './paint-services.ts';
import { writer } from './paint-text.ts';
import { type Palette, readPalette } from './palette.ts';
import { particles } from './particles.ts';
import type { Box } from './service-map.ts';
import type { View } from './view.ts';

/** More pixels than this per canvas are drawn coarser. */
const MAX_PIXELS = 12e6;

export interface Stage {
  show(view: View): void;
  /** Takes the canvases away. */
  end(): void;
}

/** @param host gets the canvases */
export function stage(host: HTMLElement): Stage {
  const still = host.appendChild(document.createElement('canvas'));
  const moving = host.appendChild(document.createElement('canvas'));
  const ended = new AbortController();
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const reduced = matchMedia('(prefers-reduced-motion: reduce)');
  const field = particles();
  let colours: Palette = readPalette(host);
  let view: View | undefined;
  let covers: readonly Box[] = [];
  let frame = 0;
  let lastMs = 0;
  let isSeen = true;

  function show(next: View): void {
    view = next;
    field.follow(next.edges);
    drawStill();
    animate();
  }

  function drawStill(): void {
    if (!view) return;
    const { width, height, text, map } = view.layout;
    const ctx = sized(still, width, height);
    const write = writer(ctx, colours.font);
    paintEdges(ctx, view, colours);
    paintServices(ctx, view, colours, write);
    const labels = paintEdgeLabels(ctx, view, colours, write);
    covers = [...map.chips.map(({ box }) => box), ...labels];
    paintNodes(ctx, view, colours, write);
    sized(moving, map.box.width, Math.min(height, map.box.height + text));
    drawMoving();
  }

  function drawMoving(): void {
    if (!view || field.size === 0) return;
    const ctx = moving.getContext('2d')!;
    const { text, map } = view.layout;
    const radius = Math.max(1.6, text * (map.detail === 'sign' ? 0.08 : 0.13));
    ctx.clearRect(0, 0, moving.width, moving.height);
    ctx.fillStyle = colours.accent;
    ctx.beginPath();
    field.each((x, y, isFailure) => {
      if (!isFailure) ctx.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    });
    ctx.fill();
    // Failures are larger and stand on a corner.
    const reach = radius * 2.1;
    ctx.fillStyle = colours.bad;
    ctx.beginPath();
    field.each((x, y, isFailure) => {
      if (!isFailure) return;
      ctx.moveTo(x, y - reach);
      ctx.lineTo(x + reach, y);
      ctx.lineTo(x, y + reach);
      ctx.lineTo(x - reach, y);
    });
    ctx.fill();
    // What is on its way goes behind services and labels.
    for (const { x, y, width, height } of covers) ctx.clearRect(x, y, width, height);
  }

  function animate(): void {
    const isMoving = isSeen && !document.hidden && !reduced.matches && field.size > 0;
    if (isMoving === (frame !== 0)) return;
    cancelAnimationFrame(frame);
    frame = isMoving ? requestAnimationFrame(step) : 0;
    lastMs = performance.now();
  }

  function step(nowMs: number): void {
    field.advance(Math.max(0, nowMs - lastMs));
    lastMs = nowMs;
    drawMoving();
    frame = requestAnimationFrame(step);
  }

  const recolour = (): void => {
    colours = readPalette(host);
    drawStill();
  };
  const { signal } = ended;
  dark.addEventListener('change', recolour, { signal });
  reduced.addEventListener('change', animate, { signal });
  document.addEventListener('visibilitychange', animate, { signal });
  const onScreen = new IntersectionObserver(([entry]) => {
    isSeen = entry?.isIntersecting ?? true;
    animate();
  });
  onScreen.observe(host);

  return {
    show,
    end() {
      ended.abort();
      onScreen.disconnect();
      cancelAnimationFrame(frame);
      // A canvas keeps its pixels until it is collected: give them back now.
      for (const canvas of [still, moving]) {
        canvas.width = canvas.height = 0;
        canvas.remove();
      }
    },
  };
}

/** A clean canvas of this size in CSS pixels. Setting a size allocates: it is done only when the size is another. */
function sized(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const scale = Math.min(devicePixelRatio, 2, Math.sqrt(MAX_PIXELS / Math.max(1, width * height)));
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const ctx = canvas.getContext('2d')!;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return ctx;
}
