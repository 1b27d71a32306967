import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count, shortTime, speed, time } from '../logic/format';
import { keptSamples } from '../state/kept-samples';
import { samplesOf } from '../state/store';
import type { PageSample } from '../../src/api/page/state';

const HEIGHT = 200;
const SHORTEST_S = 60;

/** The speeds and peers of a stream: all samples that the API has kept, and new ones as they arrive. */
export function StreamPlot({ id }: { readonly id: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current: parent } = place;
    if (!parent) return undefined;
    const plot = new uPlot(options(parent), [[], [], [], []], parent);
    let earlier: readonly PageSample[] = [];
    const draw = (live: readonly PageSample[]) => {
      const last = earlier.at(-1)?.[1] ?? 0;
      plot.setData(columnsOf([...earlier, ...live.filter(([, at]) => at > last)]));
    };
    const stop = samplesOf(id).subscribe(draw);
    void keptSamples(id).then(
      (samples) => {
        earlier = samples;
        draw(samplesOf(id).peek());
      },
      () => undefined,
    );
    const sized = new ResizeObserver(() => plot.setSize({ width: parent.clientWidth, height: HEIGHT }));
    sized.observe(parent);
    return () => {
      stop();
      sized.disconnect();
      plot.destroy();
    };
  }, [id]);
  const samples = samplesOf(id).value;
  const [, , peers = null, down = null] = samples.at(-1) ?? [];
  const isEmpty = samples.length < 2;
  return (
    <>
      {isEmpty && <p class="muted">No statistics yet. They arrive every few seconds while the stream runs.</p>}
      <div
        ref={place}
        class={isEmpty ? 'plot plot-empty' : 'plot'}
        role="img"
        aria-label={`Speeds and peers over time: ${speed(down)} from ${count(peers ?? 0, 'peer')} now`}
      />
    </>
  );
}

function columnsOf(all: readonly PageSample[]): uPlot.AlignedData {
  // With a single sample, uPlot shows an axis of years.
  const samples = all.length < 2 ? [] : all;
  return [
    samples.map(([, at]) => at / 1_000),
    samples.map(([, , , down]) => down),
    samples.map(([, , , , up]) => up),
    samples.map(([, , peers]) => peers),
  ];
}

/** Options with the page's colours. */
function options(parent: HTMLElement): uPlot.Options {
  const style = getComputedStyle(parent);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } };
  return {
    width: parent.clientWidth,
    height: HEIGHT,
    cursor: { y: false },
    scales: {
      x: { range: (_plot, from, to) => [from, Math.max(to, from + SHORTEST_S)] },
      peers: { range: (_plot, _least, most) => [0, Math.max(1, most)] },
      y: { range: (_plot, _least, most) => [0, Math.max(1, most)] },
    },
    axes: [
      { ...axis, values: (_plot, all) => all.map((at) => shortTime(at * 1_000)) },
      { ...axis, size: 74, values: (_plot, all) => all.map(speed) },
      { ...axis, scale: 'peers', side: 1, grid: { show: false } },
    ],
    series: [
      { value: (_plot, at) => (at === null ? '–' : time(at * 1_000, Date.now())) },
      { label: 'Down, KB/s', stroke: colour('--accent'), width: 2 },
      { label: 'Up, KB/s', stroke: colour('--busy'), width: 1.5 },
      { label: 'Peers', scale: 'peers', stroke: colour('--muted'), width: 1, dash: [4, 4] },
    ],
  };
}
