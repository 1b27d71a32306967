// What the system before took for a number or a text, and clients may go on sending. Schemas, and so the OpenAPI document, know
// only the right form: a body is brought into it before it is checked. What can't be is left to the check.

type Fields = Readonly<Record<string, unknown>>;
type Reading = (value: unknown) => unknown;

export function laxStreamStarted<T>(body: T): T {
  return fieldsRead(body, {
    engine: (engine) => fieldsRead(engine, { port: numberOf }),
    session: (session) => fieldsRead(session, { is_live: flagOf }),
    labels: textsOf,
  });
}

export function laxProvisioning<T>(body: T): T {
  return fieldsRead(body, { host_port: numberOf, env: textsOf, labels: textsOf });
}

/** Its fields, each read in its way if it is there; the check that follows says whether it is of its type. */
function fieldsRead<T>(value: T, readings: Readonly<Record<string, Reading>>): T {
  if (!isFields(value)) return value;
  const read = { ...value };
  for (const [name, reading] of Object.entries(readings)) {
    if (Object.hasOwn(read, name)) Object.assign(read, { [name]: reading(value[name]) });
  }
  return read;
}

const numberOf: Reading = (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value);

/** As an integer, 0 for no. */
const flagOf: Reading = (value) => {
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return 1;
  if (text === false || text === 'false') return 0;
  return numberOf(value);
};

/** Names with texts: numbers count as what is written. */
const textsOf: Reading = (value) => {
  if (!isFields(value)) return value;
  const texts = Object.entries(value).map(
    ([name, one]) => [name, typeof one === 'number' ? String(one) : one] as const,
  );
  return Object.fromEntries(texts);
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
