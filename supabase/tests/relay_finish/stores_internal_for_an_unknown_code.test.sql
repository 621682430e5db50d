begin; select plan(6);
select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, parent => 'second answer', max_concurrent => 9)
  from unnest(array['unknown', 'refusal', 'known', 'none']) as stream_id;
set local client_min_messages = error;

select is(tests.call_finish(stream_id, 'Once', status, reason, code) ->> 'error_code', wanted, description) from (values
  ('unknown', 'failed',      'error',       'bad_luck',     'internal', 'a code that is unknown'),
  ('refusal', 'interrupted', 'interrupted', 'rate_limited', 'internal', 'one that ends no generation'),
  ('known',   'failed',      'timeout',     'timeout',      'timeout',  'a known one stays'),
  ('none',    'failed',      'error',       null,           'internal', 'none')
) as m (stream_id, status, reason, code, wanted, description);
select results_eq($$ select m.content, g.error_code from relay.generations g join public.messages m on m.id = g.message_id
  where g.stream_id = 'unknown' $$, $$ values ('Once', 'internal') $$, 'the message is stored, and so is the code');
select is(tests.counted('generations_ended_total', '{"outcome": "failed", "code": "internal"}'), 2::float8, 'and counted');

select * from finish(); rollback;
