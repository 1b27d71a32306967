/** A line through the values, as the path of an SVG of that size. Null values are gaps. */
export function sparkline(values: readonly (number | null)[], width: number, height: number): string {
  const top = Math.max(1, ...values.map((value) => value ?? 0));
  const step = values.length < 2 ? 0 : width / (values.length - 1);
  let isDrawing = false;
  return values
    .map((value, i) => {
      if (value === null) {
        isDrawing = false;
        return '';
      }
      const y = height - 1 - (value / top) * (height - 2);
      const part = `${isDrawing ? 'L' : 'M'}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
      isDrawing = true;
      return part;
    })
    .join('');
}
