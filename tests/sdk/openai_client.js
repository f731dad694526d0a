// OpenAI's official client as a customer uses it; prints what it made of the server's answers as one line of JSON.
//
//   node openai_client.js BASE-URL TOKEN plain|documented|stream|usage|leave
//
// documented: at /chat, as the API has it, instead of the client's own address below the base URL. leave: hangs up after
// the first piece of a stream.
'use strict';
const path = require('path');
const OpenAI = require(path.join(process.env.TEXBUILD_SDK, 'node_modules', 'openai'));

const [baseURL, apiKey, what] = process.argv.slice(2);
const request = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 };

async function streamed(client, options) {
  const seen = { content: '', chunks: 0, finish: null, usage: null };
  const stream = await client.chat.completions.create({ ...request, stream: true, ...options });
  for await (const chunk of stream) {
    seen.chunks += 1;
    if (chunk.usage) seen.usage = chunk.usage;
    const choice = chunk.choices[0];
    if (choice?.delta?.content) seen.content += choice.delta.content;
    if (choice?.finish_reason) seen.finish = choice.finish_reason;
    if (what === 'leave') break;
  }
  return seen;
}

async function main() {
  const client = new OpenAI({ baseURL, apiKey, maxRetries: 2, timeout: 20000 });
  switch (what) {
    case 'plain': {
      const { data, response } = await client.chat.completions.create(request).withResponse();
      return { content: data.choices[0].message.content, usage: data.usage, id: response.headers.get('inference-id') };
    }
    case 'documented': {
      const data = await client.post('/chat', { body: request });
      return { content: data.choices[0].message.content, usage: data.usage };
    }
    case 'usage':
      return streamed(client, { stream_options: { include_usage: true } });
    default:
      return streamed(client, {});
  }
}

main().then(
  (seen) => process.stdout.write(`${JSON.stringify(seen)}\n`),
  (e) => process.stdout.write(`${JSON.stringify({
    error: e.constructor.name, message: e.message, status: e.status ?? null, code: e.code ?? null, type: e.type ?? null,
    param: e.param ?? null })}\n`));
