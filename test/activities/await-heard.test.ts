import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities';
import type { ActivityDeps } from '../../src/activities/deps';

/** @param answers whether each question for the list is answered; the last one holds from then on */
async function heard(answers: boolean[]): Promise<{ questions: number; ms: number; msAfterAnswer: number }> {
  let questions = 0;
  let answeredAt = Infinity;
  const isListAnswered = (vpn: string) => {
    expect(vpn).toBe('gluetun');
    const answer = answers[Math.min(questions++, answers.length - 1)] ?? false;
    if (answer) answeredAt = performance.now();
    return Promise.resolve(answer);
  };
  const activities = createActivities({ isListAnswered } as unknown as ActivityDeps);
  const begun = performance.now();
  await new MockActivityEnvironment().run(() => activities.awaitHeard({ vpn: 'gluetun', ms: 100 }));
  return { questions, ms: performance.now() - begun, msAfterAnswer: performance.now() - answeredAt };
}

test('the time in which APIs hear of an eviction counts from the first answer that an API would have got', async () => {
  const { questions, msAfterAnswer } = await heard([false, false, false, true]);
  expect(questions).toBe(4);
  expect(msAfterAnswer).toBeGreaterThan(90);
});

test('a workflow that answers nobody keeps no engine for ever', async () => {
  const { questions, ms } = await heard([false]);
  expect(questions).toBeGreaterThan(2);
  expect(ms).toBeGreaterThan(4_000);
});
