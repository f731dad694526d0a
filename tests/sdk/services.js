// Stand-ins on loopback for services that a test cannot have: Polar, Telegram, AkashML and Clerk's Backend API, all on one
// port. They check what the services check, so that a request which these would refuse is refused here.
//
//   node services.js
//
// The first line is the port. A test steers them by POST /test/<what> and looks by GET /test/state.
'use strict';
const crypto = require('crypto');
const http = require('http');
const path = require('path');
const { pathToFileURL } = require('url');
const place = (name) => path.join(process.env.TEXBUILD_SDK, 'node_modules', name);
const modules = (name) => require(place(name));
const { Webhook } = modules('standardwebhooks');
const svix = import(pathToFileURL(require.resolve(place('svix')))); // an ES module, which Debian's Node.js does not require()
const canonicalize = modules('canonicalize');

const polarSecret = process.env.POLAR_WEBHOOK_SECRET;
const clerkSecret = process.env.CLERK_WEBHOOK_SECRET;
const botToken = '123456789:AAExample_token-1';

const state = {
  down: [], // names of services that answer 500
  hostile: {}, // how a service misbehaves, by its name
  trapped: 0, // requests that followed a redirect
  poured: 0, // bytes of endless answers that were taken
  checkouts: {},
  customers: {}, // by external id
  meters: {}, // consumed units by customer
  events: {}, // ingested, by external id
  ingests: 0,
  sent: [], // what the bot said: {chat, text} or {chat, document, bytes}
  asked: [], // chat completions that came
  problems: [], // what a service would not have taken
  webhooks: [], // status of each that was sent
  polled: 0,
  typing: 0,
  registered: [], // functions that Inngest was told of
  inngestEvents: [],
  inngestIds: [],
  getMe: 0,
};
const updates = [];
const files = {};
let waiting = []; // long polls
let nextUpdate = 1;

const json = (response, status, body, headers = {}) => {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
};
const problem = (response, words, status = 422) => {
  state.problems.push(words);
  json(response, status, { error: 'RequestValidationError', detail: [{ loc: ['body'], msg: words, type: 'value_error' }] });
};
const now = () => new Date().toISOString();

const customerOf = (externalId) => {
  state.customers[externalId] ??= {
    id: crypto.randomUUID(), external_id: externalId, type: 'individual', email: `${externalId}@example.com`, email_verified: true,
    name: null, billing_name: null, billing_address: null, tax_id: null, locale: null, organization_id: crypto.randomUUID(), metadata: {},
    deleted_at: null, avatar_url: 'https://example.com/a.png', created_at: now(), modified_at: now(),
  };
  return state.customers[externalId];
};

const metadataIsGood = (metadata) =>
  Object.entries(metadata ?? {}).every(
    ([key, value]) =>
      key.length >= 1 && key.length <= 40 &&
      (typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length >= 1 && value.length <= 500)),
  );

function polar(request, response, url, body) {
  if (state.down.includes('polar')) return json(response, 500, {});
  if (state.down.includes('polar-hangs')) return undefined; // takes the request, and says nothing
  if (request.headers.authorization !== 'Bearer polar_oat_test') return json(response, 401, { error: 'Unauthorized', detail: 'no' });
  const parts = url.pathname.split('/').slice(2);
  if (request.method === 'POST' && url.pathname === '/v1/checkouts/') {
    if (!Array.isArray(body.products) || body.products.length === 0) return problem(response, 'products are missing');
    if (!metadataIsGood(body.metadata)) return problem(response, 'metadata');
    if (body.customer_id && !Object.values(state.customers).some((c) => c.id === body.customer_id)) return problem(response, 'customer_id');
    const id = crypto.randomUUID();
    state.checkouts[id] = {
      id, status: 'open', url: `https://polar.sh/checkout/${id}`, product_id: body.products[0], created_at: now(), modified_at: null,
      expires_at: new Date(Date.now() + 3600e3).toISOString(), customer_id: body.customer_id ?? null,
      external_customer_id: body.external_customer_id ?? null, metadata: body.metadata ?? {}, customer_email: body.customer_email ?? null,
    };
    return json(response, 201, state.checkouts[id]);
  }
  if (request.method === 'GET' && parts[0] === 'checkouts' && parts[1]) {
    const found = state.checkouts[parts[1]];
    return found ? json(response, 200, found) : json(response, 404, { error: 'ResourceNotFound', detail: 'Not found' });
  }
  if (request.method === 'GET' && parts[0] === 'customers' && parts[1] === 'external') {
    const found = state.customers[decodeURIComponent(parts[2])];
    return found ? json(response, 200, found) : json(response, 404, { error: 'ResourceNotFound', detail: 'Not found' });
  }
  if (request.method === 'GET' && url.pathname === '/v1/customer-meters/') {
    const customer = Object.values(state.customers).find((c) => c.id === url.searchParams.get('customer_id'));
    if (!customer) return problem(response, 'no such customer');
    const used = state.meters[customer.id] ?? 0;
    const items = [{
      id: crypto.randomUUID(), created_at: now(), modified_at: null, customer_id: customer.id, meter_id: crypto.randomUUID(),
      consumed_units: used, credited_units: 1000000, balance: 1000000 - used, customer, meter: {},
    }];
    return json(response, 200, { items, pagination: { total_count: 1, max_page: 1 } });
  }
  if (request.method === 'POST' && url.pathname === '/v1/events/ingest') {
    state.ingests += 1;
    for (const event of body.events ?? []) {
      if (!event.name || !event.external_customer_id === !event.customer_id) return problem(response, 'an event needs a name and one customer');
      if (!metadataIsGood(event.metadata)) return problem(response, 'metadata of an event');
      if (event.timestamp && Date.parse(event.timestamp) > Date.now() + 1000) return problem(response, 'an event of the future');
    }
    let inserted = 0;
    for (const event of body.events) {
      if (state.events[event.external_id]) continue;
      state.events[event.external_id] = event;
      inserted += 1;
      const customer = Object.values(state.customers).find((c) => c.id === event.customer_id) ?? customerOf(event.external_customer_id);
      state.meters[customer.id] = (state.meters[customer.id] ?? 0) + event.metadata.tokens;
    }
    return json(response, 200, { inserted, duplicates: body.events.length - inserted });
  }
  return json(response, 404, { detail: 'Not Found' });
}

function telegram(request, response, url, body, raw) {
  if (state.down.includes('telegram')) return json(response, 502, {});
  const [, token, method] = url.pathname.match(/^\/bot([^/]+)\/(\w+)$/) ?? [];
  if (url.pathname.startsWith('/file/')) {
    const file = files[url.pathname.split('/').pop()];
    if (!url.pathname.startsWith(`/file/bot${botToken}/`) || !file) return json(response, 404, { ok: false, error_code: 404, description: 'Not Found' });
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    return response.end(file);
  }
  if (token !== botToken) return json(response, 401, { ok: false, error_code: 401, description: 'Unauthorized' });
  const good = (result) => json(response, 200, { ok: true, result });
  switch (method) {
    case 'getMe':
      state.getMe += 1;
      return good({ id: 123456789, is_bot: true, first_name: 'Demo', username: 'demo_shop_bot' });
    case 'getUpdates': {
      state.polled += 1;
      const offset = Number(url.searchParams.get('offset'));
      const give = () => good(updates.filter((u) => u.update_id >= offset));
      if (updates.some((u) => u.update_id >= offset)) return give();
      waiting.push(give);
      return setTimeout(() => {
        if (!waiting.includes(give)) return;
        waiting = waiting.filter((w) => w !== give);
        give();
      }, Number(url.searchParams.get('timeout')) * 1000);
    }
    case 'sendMessage':
      if (!body.text || body.text.length > 4096) return json(response, 400, { ok: false, error_code: 400, description: 'Bad Request: message text' });
      state.sent.push({ chat: body.chat_id, text: body.text });
      return good({ message_id: 1 });
    case 'sendChatAction':
      state.typing += 1;
      return good(true);
    case 'getFile':
      return good({ file_id: body.file_id, file_path: `documents/${body.file_id}` });
    case 'sendDocument': {
      const boundary = /boundary=(.+)$/.exec(request.headers['content-type'])[1];
      const text = raw.toString('latin1');
      const field = (name) => new RegExp(`name="${name}"\r\n\r\n([^]*?)\r\n--${boundary}`).exec(text)?.[1];
      const file = new RegExp(`name="document"; filename="([^"]*)"\r\nContent-Type: ([^\r]*)\r\n\r\n([^]*?)\r\n--${boundary}`).exec(text);
      state.sent.push({ chat: Number(field('chat_id')), document: file[1], pdf: file[3].startsWith('%PDF-'), bytes: file[3].length, caption: field('caption') });
      return good({ message_id: 2 });
    }
    default:
      return json(response, 404, { ok: false, error_code: 404, description: 'Not Found: method not found' });
  }
}

function akashml(request, response, body) {
  if (state.down.includes('akashml')) return json(response, 500, { error: 'secret words of the service' });
  if (request.headers.authorization !== 'Bearer akml_test') return json(response, 401, {});
  state.asked.push(body);
  const last = body.messages.at(-1).content;
  const words = `You said: ${last}`;
  const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };
  const base = { id: 'chatcmpl-1', created: 1767225600, model: body.model };
  if (!body.stream) {
    if (body.stream_options) return problem(response, 'stream_options without stream', 400);
    return json(response, 200, {
      ...base, object: 'chat.completion', usage,
      choices: [{ index: 0, message: { role: 'assistant', content: words, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    }, { 'Inference-Id': 'inf_1' });
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (choices, more = {}) => response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...more })}\n\n`);
  for (const part of words.split(/(?<= )/)) chunk([{ index: 0, delta: { content: part }, finish_reason: null }]);
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  if (body.stream_options?.include_usage) chunk([], { usage });
  response.end('data: [DONE]\n\n');
}

/// As Polar's server sends one: the secret's own text is the key, by the older scheme.
async function tellPolar(target, type, data) {
  const id = crypto.randomUUID();
  const at = new Date();
  const payload = JSON.stringify({ type, timestamp: at.toISOString(), data });
  const signature = new Webhook(Buffer.from(polarSecret).toString('base64')).sign(id, at, payload);
  const answer = await fetch(target, {
    method: 'POST', body: payload,
    headers: { 'content-type': 'application/json', 'user-agent': 'polar.sh webhooks', 'webhook-id': id,
      'webhook-timestamp': `${Math.floor(at / 1000)}`, 'webhook-signature': signature },
  });
  state.webhooks.push(answer.status);
}

/// The customer pays at the newest checkout: everything that Polar then tells, three times over and in a bad order.
async function pay(target) {
  const checkout = Object.values(state.checkouts).at(-1);
  const customer = customerOf(checkout.external_customer_id ?? Object.values(state.customers).find((c) => c.id === checkout.customer_id).external_id);
  checkout.status = 'succeeded';
  checkout.customer_id = customer.id;
  const common = { product_id: checkout.product_id, customer_id: customer.id, customer, checkout_id: checkout.id, metadata: checkout.metadata };
  checkout.subscription ??= crypto.randomUUID();
  const subscription = { ...common, id: checkout.subscription, status: 'active', created_at: now(), modified_at: now() };
  const order = { ...common, id: crypto.randomUUID(), status: 'paid', paid: true, subscription_id: checkout.subscription, created_at: now(), modified_at: now() };
  for (let round = 0; round < 3; ++round) {
    await tellPolar(target, 'order.paid', order);
    await tellPolar(target, 'subscription.active', subscription);
    await tellPolar(target, 'subscription.updated', subscription);
    await tellPolar(target, 'checkout.updated', { ...checkout });
    await tellPolar(target, 'customer.created', customer);
  }
}

async function revoke(target) {
  const checkout = Object.values(state.checkouts).at(-1);
  const customer = Object.values(state.customers).find((c) => c.id === checkout.customer_id);
  const subscription = { id: checkout.subscription, status: 'canceled', product_id: checkout.product_id, customer_id: customer.id, customer,
    checkout_id: checkout.id, metadata: checkout.metadata, created_at: now(), modified_at: new Date(Date.now() + 1000).toISOString() };
  await tellPolar(target, 'subscription.revoked', subscription);
}

/// As Clerk does by way of Svix, signed by Svix's own package.
async function tellClerk(target, body) {
  const payload = JSON.stringify(body);
  const id = `msg_${crypto.randomBytes(12).toString('hex')}`;
  const at = new Date();
  const answer = await fetch(target, {
    method: 'POST', body: payload,
    headers: { 'content-type': 'application/json', 'svix-id': id, 'svix-timestamp': `${Math.floor(at / 1000)}`,
      'svix-signature': new (await svix).Webhook(clerkSecret).sign(id, at, payload) },
  });
  state.webhooks.push(answer.status);
}

async function steer(what, body) {
  switch (what) {
    case 'down': state.down = body; break;
    case 'hostile': state.hostile = body; break;
    case 'meter': state.meters[customerOf(body.user).id] = body.units; break;
    case 'pay': await pay(body.target); break;
    case 'sync': {
      const answer = await fetch(body.target, { method: 'PUT', headers: { 'content-type': 'application/json', 'x-inngest-server-kind': inngestKey ? 'cloud' : 'dev' }, body: '{}' });
      if (answer.status !== 200) throw new Error(await answer.text());
      break;
    }
    case 'revoke': await revoke(body.target); break;
    case 'clerk': await tellClerk(body.target, body.event); break;
    case 'telegram': {
      const message = { message_id: nextUpdate, chat: { id: 77, type: 'private' }, from: { id: 5 }, date: 1 };
      if (body.text) message.text = body.text;
      if (body.file) {
        const id = `file${nextUpdate}`;
        files[id] = Buffer.from(body.base64, 'base64');
        message.document = { file_id: id, file_name: body.file, file_size: files[id].length };
      }
      updates.push({ update_id: nextUpdate++, message });
      const all = waiting;
      waiting = [];
      for (const give of all) give();
      break;
    }
    default: throw new Error(`no such thing: ${what}`);
  }
}

// As much of Inngest's server as it takes to run a function: it keeps what steps gave, and calls again.
const inngestKey = process.env.INNGEST_SIGNING_KEY ?? '';
const inngest = { url: '', functions: [] };

function register(body) {
  inngest.url = body.url;
  inngest.functions = body.functions;
  state.registered = body.functions.map((f) => f.id);
  return { ok: true, modified: true };
}

function takeEvents(body) {
  const events = [body].flat();
  for (const event of events) {
    state.inngestEvents.push(event.name);
    const seen = event.id && state.inngestIds.includes(event.id);
    if (event.id) state.inngestIds.push(event.id);
    if (seen) continue;
    for (const f of inngest.functions)
      if (f.triggers.some((t) => t.event === event.name)) runFunction(f, event).catch((e) => state.problems.push(String(e)));
  }
  return { ids: events.map(() => crypto.randomUUID()), status: 200 };
}

const signature = (text, at) =>
  crypto.createHmac('sha256', inngestKey.replace(/^signkey-\w+-/, '')).update(`${text}${at}`).digest('hex');

async function callFunction(f, step, body) {
  const text = canonicalize(body);
  const at = Math.floor(Date.now() / 1000);
  const headers = { 'content-type': 'application/json' };
  if (inngestKey) headers['x-inngest-signature'] = `t=${at}&s=${signature(text, at)}`;
  const answer = await fetch(`${inngest.url}?fnId=${f.id}&stepId=${step}`, { method: 'POST', body: text, headers });
  const said = await answer.text();
  if (!answer.headers.get('x-inngest-sdk')) throw new Error('not an SDK');
  if (inngestKey) {
    const [, t, s] = /^t=(\d+)&s=([0-9a-f]{64})$/.exec(answer.headers.get('x-inngest-signature'));
    if (s !== signature(said, t)) throw new Error('the answer is not signed');
  }
  return { status: answer.status, final: answer.headers.get('x-inngest-no-retry') === 'true', said: JSON.parse(said) };
}

async function runFunction(f, event) {
  const steps = {};
  const stack = [];
  let target = 'step';
  const most = (f.steps.step.retries?.attempts ?? 4) + 1;
  for (let attempt = 0, calls = 0; calls < 100; ++calls) {
    const answer = await callFunction(f, target, {
      ctx: { attempt, max_attempts: most, disable_immediate_execution: false, use_api: false, run_id: '01HZX4M7C2K9Q8R3T5V6W7Y1A0',
        fn_id: '3c4aacda-dc70-5838-ae2b-c965a5972d0e', env: '', step_id: 'step', stack: { stack, current: stack.length } },
      event: { name: event.name, data: event.data, id: event.id ?? 'e', ts: Date.now() }, events: [event], steps, use_api: false, version: 2,
    });
    if (answer.status === 200) return;
    if (answer.status !== 206) throw new Error(`${f.id} failed: ${JSON.stringify(answer.said)}`);
    const [op] = answer.said;
    target = 'step';
    if (op.op === 'StepPlanned') target = op.id;
    else if (op.op === 'StepError' && !answer.final) attempt += 1;
    else {
      steps[op.id] = op.op === 'StepRun' ? { data: op.data ?? null } : { error: op.error };
      stack.push(op.id);
      attempt = 0;
    }
  }
  throw new Error('it never ends');
}

const serviceAt = (path) => {
  if (path === '/v1/chat/completions') return 'akashml';
  if (path.startsWith('/v1/users/')) return 'clerk';
  if (path === '/fn/register' || path.startsWith('/e/')) return 'inngest';
  return path.startsWith('/bot') || path.startsWith('/file/') ? 'telegram' : 'polar';
};

/// What no service should do to its callers.
function misbehave(how, response) {
  const say = (text, type = 'application/json') => {
    response.writeHead(200, { 'content-type': type });
    response.end(text);
  };
  const pour = (stream, piece) => {
    let left = 256 << 20;
    stream.on('error', () => {});
    const more = () => {
      while (!stream.destroyed && left > 0) {
        left -= piece.length;
        state.poured += piece.length;
        if (!stream.write(piece)) return void stream.once('drain', more);
      }
    };
    more();
  };
  switch (how) {
    case 'hangs': return undefined;
    case 'no json': return say('{"id": tru');
    case 'a page': return say('<html>a proxy</html>', 'text/html');
    case 'a list': return say('[]');
    case 'null': return say('null');
    case 'depth': return say('['.repeat(100000));
    case 'a redirect':
      response.writeHead(302, { location: `http://127.0.0.1:${server.address().port}/trap` });
      return response.end('{}');
    case 'half':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      return response.write('{"id":', () => response.destroy());
    case 'a flood':
      response.writeHead(200, { 'content-type': 'application/json' });
      return pour(response, Buffer.alloc(64 << 10, ' '));
    case 'endless headers':
      response.socket.write('HTTP/1.1 200 OK\r\n');
      return pour(response.socket, Buffer.from(`X-More: ${'x'.repeat(1000)}\r\n`));
    case 'a trickle': {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 100);
      return void response.on('close', () => clearInterval(timer));
    }
    default:
      response.writeHead(Number(how), { 'content-type': 'application/json' });
      return response.end('{"error":"secret words of the service"}');
  }
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const raw = Buffer.concat(parts);
    const url = new URL(request.url, 'http://localhost');
    let body;
    try {
      body = JSON.parse(raw.toString('utf8') || 'null');
    } catch {
      body = null;
    }
    if (url.pathname === '/test/state') return json(response, 200, state);
    if (url.pathname.startsWith('/test/'))
      return steer(url.pathname.slice(6), body).then(() => json(response, 200, {}), (e) => json(response, 500, { error: String(e) }));
    if (url.pathname === '/trap') state.trapped += 1;
    const how = state.hostile[serviceAt(url.pathname)];
    if (how) return misbehave(how, response);
    if (url.pathname === '/v1/chat/completions') return akashml(request, response, body);
    if (url.pathname.startsWith('/v1/users/')) {
      const id = decodeURIComponent(url.pathname.slice(10));
      if (request.headers.authorization !== 'Bearer sk_test_1') return json(response, 401, { errors: [] });
      return json(response, 200, { id, object: 'user', primary_email_address_id: 'idn_1', updated_at: 1,
        email_addresses: [{ id: 'idn_1', email_address: `${id}@clerk.example`, verification: { status: 'verified' } }] });
    }
    if (url.pathname === '/fn/register') return json(response, 200, register(body));
    if (url.pathname.startsWith('/e/')) return json(response, 200, takeEvents(body));
    if (url.pathname.startsWith('/bot') || url.pathname.startsWith('/file/')) return telegram(request, response, url, body, raw);
    return polar(request, response, url, body);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
