import { NewOrders } from '../../chaos/new-orders';

const stop = { at: 1_000, status: 'stopped' } as const;
const run = { at: 1_500, status: 'running' } as const;

test('each order is reported once, also after the VPN was started again', () => {
  const orders = new NewOrders();
  expect(orders.in({ startedAt: 1, orders: [] })).toEqual([]);
  expect(orders.in({ startedAt: 1, orders: [stop] })).toEqual([stop]);
  expect(orders.in({ startedAt: 1, orders: [stop, run] })).toEqual([run]);
  expect(orders.in({ startedAt: 1, orders: [stop, run] })).toEqual([]);
  expect(orders.in({ startedAt: 2, orders: [] })).toEqual([]);
  expect(orders.in({ startedAt: 3, orders: [stop] })).toEqual([stop]);
});
