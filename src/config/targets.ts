// The place of a variable in the configuration: 'api.port' is `port` of `api`.

/** Adds the place to a row of `variables`. */
export function to<Target extends string, Spec extends object>(target: Target, spec: Spec): Spec & { target: Target } {
  return { ...spec, target };
}

/** The type of the value at each place. A variable without a value and without a default is null. */
type Flat<Rows, Values extends Record<keyof Rows, unknown>> = {
  [Name in keyof Rows as Rows[Name] extends { target: infer Target extends string } ? Target : never]:
    Exclude<Values[Name], undefined> | (undefined extends Values[Name] ? null : never);
};

type Nested<F> = {
  readonly [
    Place in keyof F & string as Place extends `${infer Head}.${string}` ? Head : Place
  ]: Place extends `${infer Head}.${string}` ? Nested<Below<F, Head>> : F[Place];
};

type Below<F, Head extends string> = {
  [Place in keyof F & string as Place extends `${Head}.${infer Rest}` ? Rest : never]: F[Place];
};

export type Placed<Rows, Values extends Record<keyof Rows, unknown>> = Nested<Flat<Rows, Values>>;

/** Builds the nested configuration from the values and their places. */
export function placed<Rows extends object, Values extends Record<keyof Rows, unknown>>(
  rows: Rows,
  values: Values,
): Placed<Rows, Values> {
  const root: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<object>(rows as Record<string, object>)) {
    if (!('target' in row)) continue;
    const path = String(row.target).split('.');
    const last = path.pop() ?? '';
    let at = root;
    for (const step of path) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = (values as Record<string, unknown>)[name] ?? null;
  }
  return root as Placed<Rows, Values>;
}
