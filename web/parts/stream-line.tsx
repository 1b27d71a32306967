import { useEffect, useRef } from 'preact/hooks';
import { sparkline } from '../logic/sparkline';
import { earlierSamples } from '../state/earlier';
import { samplesOf, withEarlier } from '../state/store';

const WIDTH = 120;
const HEIGHT = 28;

/** How fast a stream has come lately. What was before the page is asked for when the line is to be seen. */
export function StreamLine({ id }: { readonly id: string }) {
  const svg = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const { current } = svg;
    if (!current) return undefined;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      void earlierSamples(id).then(
        (samples) => withEarlier(id, samples),
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
