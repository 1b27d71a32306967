// A process with a bare Fastify server. It fetches the URL in its first argument once; its only route sends the same bytes again.
// It prints its own address.
import Fastify from 'fastify';

async function main(): Promise<void> {
  const answer = await fetch(process.argv[2] ?? '');
  const body = Buffer.from(await answer.arrayBuffer());
  const type = answer.headers.get('content-type') ?? 'application/json';
  const app = Fastify();
  process.stdin.resume().on('end', () => process.exit());
  app.get('/engines', (_request, reply) => {
    void reply.header('content-type', type).send(body);
  });
  process.stdout.write(`${await app.listen({ host: '127.0.0.1', port: 0 })}\n`);
}

void main();
