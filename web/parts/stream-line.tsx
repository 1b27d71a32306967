import { useEffect, useRef } from 'preact/hooks';
import { sparkline } from '../logic/sparkline';
import { keptSamples } from '../state/kept-samples';
import { addEarlierSamples, samplesOf } from '../state/store';

const WIDTH = 120;
const HEIGHT = 28;

/** The download speed of a stream during the last minutes. Samples from before the page was opened are fetched when the line becomes visible. */
export function StreamLine({ id }: { readonly id: string }) {
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const { current } = svg;
    if (!current) return undefined;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void keptSamples(id).then(
        (samples) => addEarlierSamples(id, samples),
        () => undefined,
      );
    });
    seen.observe(current);
    return () => seen.disconnect();
  }, [id]);
  const samples = samplesOf(id).value;
  const path = sparkline(
    samples.map(([, , , down]) => down),
    WIDTH,
    HEIGHT,
  );
  return (
    <svg ref={svg} class="line" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
