// Polar's official client against the stand-in of services.js: the same calls as the server makes.
//
//   node polar_client.js ORIGIN
'use strict';
const assert = require('assert');
const path = require('path');
const { createPolar } = require(path.join(process.env.TEXBUILD_SDK, 'node_modules', '@polar-sh/sdk/dist/2026-10/index.cjs'));

async function main(origin) {
  const polar = createPolar({ accessToken: 'polar_oat_test', baseUrl: origin });
  const product = '11111111-1111-4111-8111-111111111111';
  const made = await polar.checkouts.create({ products: [product], external_customer_id: 'user_1', metadata: { user_id: 'user_1' } });
  assert.strictEqual(made.status, 'open');
  assert.strictEqual((await polar.checkouts.get(made.id)).url, made.url);
  await assert.rejects(() => polar.customers.getExternal('user_1'));
  const told = await polar.events.ingest({ events: [{ name: 'ai_usage', external_customer_id: 'user_1', external_id: 'r1', metadata: { tokens: 5 } }] });
  assert.strictEqual(told.inserted, 1);
  const again = await polar.events.ingest({ events: [{ name: 'ai_usage', external_customer_id: 'user_1', external_id: 'r1', metadata: { tokens: 5 } }] });
  assert.strictEqual(again.duplicates, 1);
  const customer = await polar.customers.getExternal('user_1');
  const meters = await polar.customerMeters.list({ customer_id: customer.id });
  const list = meters.items ?? meters;
  assert.strictEqual(list[0].consumed_units, 5);
  process.stdout.write('all as Polar\n');
}

main(process.argv[2]).catch((e) => {
  process.stderr.write(`${e.stack}\n`);
  process.exit(1);
});
