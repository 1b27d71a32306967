// The system before Portward accepted numbers as strings, strings as numbers, and booleans as numbers, so clients may send them. The schemas,
// and with them the OpenAPI document, have only the right types. So bodies are converted before they are checked. A value that can't be
// converted stays as it is, and the check refuses it.

type Fields = Readonly<Record<string, unknown>>;
type Conversion = (value: unknown) => unknown;

export function laxStreamStarted<T>(body: T): T {
  return converted(body, {
    engine: (engine) => converted(engine, { port: toNumber }),
    session: (session) => converted(session, { is_live: toFlag }),
    labels: toTexts,
  });
}

export function laxProvisioning<T>(body: T): T {
  return converted(body, { host_port: toNumber, env: toTexts, labels: toTexts });
}

/** Converts the fields that are present. The check that follows makes sure of their types. */
function converted<T>(value: T, conversions: Readonly<Record<string, Conversion>>): T {
  if (!isFields(value)) return value;
  const result = { ...value };
  for (const [name, conversion] of Object.entries(conversions)) {
    if (Object.hasOwn(result, name)) Object.assign(result, { [name]: conversion(value[name]) });
  }
  return result;
}

const toNumber: Conversion = (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value);

/** 1 for true, 0 for false. */
const toFlag: Conversion = (value) => {
  const text = typeof value === 'string' ? value.toLowerCase() : value;
  if (text === true || text === 'true') return 1;
  if (text === false || text === 'false') return 0;
  return toNumber(value);
};

/** Converts the numbers in a record to strings. */
const toTexts: Conversion = (value) => {
  if (!isFields(value)) return value;
  const texts = Object.entries(value).map(
    ([name, one]) => [name, typeof one === 'number' ? String(one) : one] as const,
  );
  return Object.fromEntries(texts);
};

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
