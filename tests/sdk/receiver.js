// A receiver of webhooks, as a customer writes one with the official package: verifies each request and prints a line for it.
//
//   node receiver.js SECRET-FILE [how many to refuse first]
//
// The first line is the port. Then "ok <webhook-id> <type> <build>" or "bad <why>".
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Webhook } = require(path.join(process.env.TEXBUILD_SDK, 'node_modules', 'standardwebhooks'));

const [secretFile, refusals] = process.argv.slice(2);
let toRefuse = Number(refusals || 0);

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (toRefuse > 0) {
      toRefuse -= 1;
      process.stdout.write('refused\n');
      response.writeHead(503).end();
      return;
    }
    try {
      const secret = fs.readFileSync(secretFile, 'utf8').trim();
      const message = new Webhook(secret).verify(Buffer.concat(parts).toString('utf8'), request.headers);
      process.stdout.write(`ok ${request.headers['webhook-id']} ${message.type} ${message.data.build_id}\n`);
      response.writeHead(204).end();
    } catch (e) {
      process.stdout.write(`bad ${e.message}\n`);
      response.writeHead(400).end();
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
