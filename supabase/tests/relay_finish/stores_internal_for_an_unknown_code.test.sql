begin; select plan(7);
select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
set local client_min_messages = error;

select is(
  tests.call_finish('first', 'Once', 'failed', 'error', 'bad_luck') - array['message_id', 'bot_id', 'model'],
  '{"status": "failed", "finish_reason": "error", "error_code": "internal", "is_complete": false}', 'so it is answered'
);
select is(content, 'Once', 'the message is stored') from public.messages where stream_id = 'first';
select is(error_code, 'internal', 'so is the code') from relay.generations;
select is(
  tests.counted('generations_ended_total', '{"outcome": "failed", "code": "internal"}'), 1::float8, 'and counted'
);
select tests.call_begin('owner', 'second', conversation => 'tale');
select is(
  tests.call_finish('second', 'Once', 'interrupted', 'interrupted', 'rate_limited') ->> 'error_code', 'internal',
  'a code that ends no generation is unknown, too'
);
select tests.call_begin('owner', 'third', conversation => 'tale');
select is(
  tests.call_finish('third', 'Once', 'failed', 'timeout', 'timeout') ->> 'error_code', 'timeout', 'a known one stays'
);
select tests.call_begin('owner', 'fourth', conversation => 'tale');
select is(
  tests.call_finish('fourth', 'Once', 'failed', 'error', null) ->> 'error_code', 'internal', 'so is none'
);

select * from finish(); rollback;
