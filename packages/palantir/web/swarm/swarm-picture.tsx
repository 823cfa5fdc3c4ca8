/** The picture of the swarm as a component. What it shows is for the eye: the same is in the table for everybody else. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { WallState } from '../shared/live.ts';
import { edgesOf } from './edges.ts';
import { meantBy } from './hit.ts';
import { layout, type SwarmLayout } from './layout.ts';
import type { Selection } from './selection.ts';
import { type Stage, stage } from './stage.ts';
import './swarm.css';

export interface SwarmPictureProps {
  readonly state: WallState;
  readonly nowMs: number;
  /** In CSS pixels. */
  readonly text: number;
  readonly smallText: number;
  /** Undefined: the height of the place where it is. */
  readonly maxHeightOf?: (width: number) => number;
  readonly isNodesOnly?: boolean;
  readonly selection?: Selection | undefined;
  readonly onSelect?: (selection: Selection | undefined) => void;
  /** What it is, where no table says the same. */
  readonly label?: string;
  /** What to say of something under the pointer. */
  readonly describe?: (selection: Selection) => string;
}

export function SwarmPicture(props: SwarmPictureProps) {
  const { state, nowMs, text, smallText, maxHeightOf, isNodesOnly = false, label } = props;
  const { selection, onSelect, describe } = props;
  const host = useRef<HTMLDivElement>(null);
  const canvases = useRef<HTMLDivElement>(null);
  const drawn = useRef<Stage>(undefined);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [tip, setTip] = useState<{ words: string; x: number; y: number }>();

  useEffect(() => {
    const element = host.current!;
    const made = stage(canvases.current!);
    drawn.current = made;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.end();
    };
  }, []);

  const maxHeight = maxHeightOf ? maxHeightOf(size.width) : size.height;
  const placed = useRef<SwarmLayout>(undefined);
  const places = useMemo(() => {
    const isSized = size.width > 0 && maxHeight > 0;
    const space = { width: size.width, maxHeight, text, isNodesOnly };
    placed.current = isSized ? layout(state.swarm, space, placed.current) : undefined;
    return placed.current;
  }, [state.swarm, size.width, maxHeight, text, isNodesOnly]);
  const edges = useMemo(() => (places ? edgesOf(state.flows, places.map.chips) : []), [places, state.flows]);
  useEffect(() => {
    if (places) drawn.current?.show({ state, layout: places, edges, nowMs, selection, smallText });
  }, [places, edges, nowMs, selection, smallText]);

  const at = (event: MouseEvent): Selection | undefined => {
    const { left, top } = host.current!.getBoundingClientRect();
    return places ? meantBy(places, edges, event.clientX - left, event.clientY - top) : undefined;
  };
  const point = (event: PointerEvent): void => {
    const meant = at(event);
    host.current!.style.cursor = meant ? 'pointer' : '';
    const { left, top } = host.current!.getBoundingClientRect();
    setTip(meant && describe && { words: describe(meant), x: event.clientX - left, y: event.clientY - top });
  };
  const height = maxHeightOf && places ? `${places.height}px` : undefined;
  return (
    <div
      ref={host}
      class="swarm-picture"
      style={{ height }}
      {...(label && { role: 'img', 'aria-label': label })}
      {...(onSelect && {
        onClick: (event: MouseEvent) => onSelect(at(event)),
        onPointerMove: point,
        onPointerLeave: () => setTip(undefined),
      })}
    >
      <div ref={canvases} aria-hidden="true" />
      {tip && (
        <div
          class="swarm-tip"
          aria-hidden="true"
          style={{
            top: `${tip.y}px`,
            ...(tip.x > size.width / 2 ? { right: `${size.width - tip.x}px` } : { left: `${tip.x}px` }),
          }}
        >
          {tip.words}
        </div>
      )}
    </div>
  );
}
