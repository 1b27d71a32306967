/**
 * The whole body of an answer from a server that is not ours.
 * @throws AnswerTooLong
 */
export async function answerText(response: Response, bytesAtMost: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > bytesAtMost) throw new AnswerTooLong(bytesAtMost);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export class AnswerTooLong extends Error {
  constructor(bytesAtMost: number) {
    super(`the answer is over ${bytesAtMost} bytes`);
    this.name = 'AnswerTooLong';
  }
}
