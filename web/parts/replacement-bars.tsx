import { count, seconds } from '../logic/format';
import { place } from '../logic/ribbon';
import { stepsOf, stepsOfEnded, type Bar, type Steps } from '../logic/steps';
import { hello, now } from '../state/store';
import type { ShownReplacement } from './replacements';
import { Moment } from './time';

const TONES = {
  hidden: 'hidden, still running',
  making: 'being created',
  starting: 'starting',
  listed: 'listed',
} as const;

/** The steps of a replacement. */
export function ReplacementBars({ replacement }: { readonly replacement: ShownReplacement }) {
  const { whole, ended } = replacement;
  const steps = whole ? stepsOf(whole, whole.state === 'running' ? now.value : 0) : ended && stepsOfEnded(ended);
  if (!steps) return null;
  return (
    <div class="bars">
      {steps.gapMs !== null && (
        <p class="gap">
          {whole?.state === 'running' && !whole.ready_at ? 'No new engine listed for ' : 'New engine listed after '}
          <strong>{seconds(steps.gapMs)}</strong>
        </p>
      )}
      <div class="bar-rows" aria-hidden="true">
        {steps.rows.map(({ label, bars }) => (
          <div key={label} class="bar-row">
            <span class="bar-label">{label}</span>
            <div class="bar-track">
              {bars.map((bar) => (
                <BarPart key={bar.tone} bar={bar} steps={steps} />
              ))}
            </div>
          </div>
        ))}
      </div>
      <Facts replacement={replacement} steps={steps} />
    </div>
  );
}

function BarPart({ bar, steps }: { readonly bar: Bar; readonly steps: Steps }) {
  const left = place(bar.from, steps);
  const width = place(bar.to, steps) - left;
  const lasted = bar.tone === 'listed' ? '' : ` for ${seconds(bar.to - bar.from)}`;
  return (
    <span
      class={`bar bar-${bar.tone}${bar.open ? ' bar-open' : ''}`}
      style={{ left: `${left * 100}%`, width: `${width * 100}%` }}
      title={`${TONES[bar.tone]}${lasted}`}
    >
      {width > 0.18 && `${TONES[bar.tone]}${lasted}`}
    </span>
  );
}

function Facts({ replacement: { whole }, steps }: { readonly replacement: ShownReplacement; readonly steps: Steps }) {
  const ui = hello.value?.temporalUi ?? null;
  return (
    <dl class="steps">
      {steps.steps.map(({ what, at }, i) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>
            {at === null ? (
              <span class="muted">{whole?.state === 'running' ? 'not yet' : 'time not kept'}</span>
            ) : i === 0 ? (
              <Moment at={at} />
            ) : (
              `+${seconds(at - steps.from)}`
            )}
          </dd>
        </div>
      ))}
      {whole && <Names replacement={whole} />}
      {whole?.last_error && (
        <div class="wide">
          <dt>Last error ({count(whole.failed_attempts, 'failed attempt')})</dt>
          <dd>{whole.last_error}</dd>
        </div>
      )}
      {whole && ui !== null && (
        <div class="wide">
          <dt>Workflow</dt>
          <dd>
            <a href={`${ui}${encodeURIComponent(whole.id)}`} target="_blank" rel="noreferrer">
              {whole.id}
            </a>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Names({ replacement }: { readonly replacement: NonNullable<ShownReplacement['whole']> }) {
  const { old_engine, new_engine, reason } = replacement;
  return (
    <>
      {old_engine && (
        <div class="half">
          <dt>Old engine</dt>
          <dd>{old_engine.container_name}</dd>
        </div>
      )}
      {new_engine && (
        <div class="half">
          <dt>New engine</dt>
          <dd>{new_engine.container_name}</dd>
        </div>
      )}
      {reason !== null && (
        <div class="wide">
          <dt>Reason</dt>
          <dd>{reason}</dd>
        </div>
      )}
    </>
  );
}
