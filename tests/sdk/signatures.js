// Signs and verifies with the official packages. The body comes on stdin.
//
//   node signatures.js razorpay-sign SECRET                        prints the signature, once the package takes it
//   node signatures.js webhook-sign SECRET ID SECONDS              prints the signature
//   node signatures.js webhook-verify SECRET ID SECONDS SIGNATURE  fails if the package refuses it
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const folder = path.join(process.env.TEXBUILD_SDK, 'node_modules');
const razorpay = require(path.join(folder, 'razorpay/dist/utils/razorpay-utils.js'));
const { Webhook } = require(path.join(folder, 'standardwebhooks'));

const [what, secret, ...rest] = process.argv.slice(2);
const body = fs.readFileSync(0);

const actions = {
  'razorpay-sign': () => {
    const signature = crypto.createHmac('sha256', secret).update(body).digest('hex');
    if (!razorpay.validateWebhookSignature(body.toString('utf8'), signature, secret)) throw new Error('refused');
    return signature;
  },
  'webhook-sign': () => new Webhook(secret).sign(rest[0], new Date(Number(rest[1]) * 1000), body.toString('utf8')),
  'webhook-verify': () => {
    const headers = { 'webhook-id': rest[0], 'webhook-timestamp': rest[1], 'webhook-signature': rest[2] };
    new Webhook(secret).verify(body.toString('utf8'), headers);
  },
};
const said = actions[what]();
if (said !== undefined) process.stdout.write(said);
