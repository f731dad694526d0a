// Answers calls with the official package, and with the functions that the vectors describe:
//
//   TEXBUILD_SDK=<folder of packages.sh> node inngest_peer.js <vectors> <settings and calls as JSON>
//
// Prints a JSON array of {status, headers, body}.
const fs = require('node:fs');
const { createRequire } = require('node:module');
const load = createRequire(process.env.TEXBUILD_SDK + '/');

const vectors = JSON.parse(fs.readFileSync(process.argv[2]));
const given = JSON.parse(fs.readFileSync(process.argv[3]));
for (const [name, value] of Object.entries(given.environment)) process.env[name] = value;

const { Inngest, NonRetriableError, RetryAfterError, referenceFunction } = load('inngest');
const { serve } = load('inngest/edge');

function raise({ kind, message, seconds }) {
  if (kind === 'NonRetriable') throw new NonRetriableError(message);
  if (kind === 'RetryAfter') throw new RetryAfterError(message, seconds * 1000);
  throw new Error(message);
}

function filled(value, bound) {
  if (Array.isArray(value)) return value.map((v) => filled(v, bound));
  if (value === null || typeof value !== 'object') return value;
  if ('$ref' in value) return bound[value.$ref];
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filled(v, bound)]));
}

const other = (id) =>
  referenceFunction({ appId: vectors.app_id, functionId: id.slice(vectors.app_id.length + 1) });

const returned = Symbol('returned');

async function follow(program, step, bound) {
  for (const op of program) {
    let got;
    if (op.run) got = await step.run(op.run, () => (op.throws ? raise(op.throws) : op.returns));
    else if (op.sleep) await step.sleep(op.sleep, op.ms);
    else if (op.sleepUntil) await step.sleepUntil(op.sleepUntil, new Date(op.iso));
    else if (op.waitForEvent)
      got = await step.waitForEvent(op.waitForEvent, { event: op.event, timeout: op.timeoutMs, if: op.if });
    else if (op.invoke) got = await step.invoke(op.invoke, { function: other(op.function_id), data: op.data });
    else if (op.parallel) await Promise.all(op.parallel.map((branch) => follow(branch, step, bound)));
    else if (op.try) {
      try {
        const end = await follow(op.try, step, bound);
        if (end) return end;
      } catch (e) {
        bound[op.errAs] = { name: e.name, message: e.message };
        const end = await follow(op.catch, step, bound);
        if (end) return end;
      }
    } else if (op.throw) raise(op.throw);
    else return { [returned]: filled(op.return, bound) };
    if (op.bind) bound[op.bind] = got;
  }
  return undefined;
}

const quiet = { info() {}, warn() {}, error() {}, debug() {} };
const inngest = new Inngest({ id: vectors.app_id, isDev: given.dev, logger: quiet, checkpointing: false });
const functions = Object.entries(vectors.functions).map(([id, program]) =>
  inngest.createFunction({ id, triggers: [{ event: vectors.event_name }] }, async ({ step }) => {
    const end = await follow(program, step, {});
    return end && end[returned];
  }),
);
const handler = serve({ client: inngest, functions });

(async () => {
  const answers = [];
  for (const call of given.calls) {
    const body = call.method === 'GET' ? undefined : call.body;
    const response = await handler(new Request(call.url, { method: call.method, headers: call.headers, body }));
    const headers = Object.fromEntries(response.headers);
    answers.push({ status: response.status, headers, body: await response.text() });
  }
  process.stdout.write(JSON.stringify(answers));
  process.exit(0);
})();
