begin; select plan(39);
select tests.given_tale('owner');
select tests.given_price('model of bot', 1, 1, 1000);
-- 600 bytes of a request at 3 a token; nothing was read of it yet.
create function pg_temp.given(stream_id text) returns void language sql as $$
  select tests.given_generation(stream_id, 'owner');
  update relay.generations g set bot_id = tests.key('bot'), model = 'model of bot', host = 'provider.example',
    context_bytes = 600, bytes_per_token = 3 where g.stream_id = given.stream_id
$$;
select pg_temp.given('first');
savepoint start;

-- How each end is settled that came without a report: the prompt's tokens and the answer's, or nothing.
create function pg_temp.settled(
  status text, code text, content text, overhead_ms integer, first_token_ms integer default null
) returns text language plpgsql as $$
declare
  v_found text;
begin
  update relay.generations set cancel_requested_at = clock_timestamp() where settled.status = 'cancelled';
  perform tests.call_finish('first', settled.content, settled.status, case
    when settled.status = 'completed' then 'stop' when settled.status <> 'failed' then settled.status
    when code = 'timeout' then 'timeout' else 'error' end, code,
    overhead_ms => settled.overhead_ms, first_token_ms => settled.first_token_ms);
  select concat_ws(' ', case when usage_is_estimated then 'estimated' end, prompt_tokens, completion_tokens, trim_scale(cost * 1000000))
  into v_found from relay.generations;
  raise sqlstate 'UNDO1' using message = v_found;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.settled(status, code, content, overhead_ms, first_token_ms), wanted, description) from (values
  ('completed',    null,                    'The end.', 5,    9,    'estimated 200 3 3200', 'an answer'),
  ('completed',    null,                    '',         5,    null, 'estimated 200 0 200',  'an empty one'),
  ('cancelled',    null,                    'Once',     5,    9,    'estimated 200 2 2200', 'a cancel in the text'),
  ('cancelled',    null,                    '',         5,    null, 'estimated 200 0 200',  'one before it'),
  ('cancelled',    null,                    '',         null, null, '0',                    'one before the provider was called'),
  ('cancelled',    'provider_auth',         '',         5,    null, '0',                    'one of what was refused'),
  ('disconnected', null,                    'Once',     5,    9,    'estimated 200 2 2200', 'a client that left'),
  ('interrupted',  'interrupted',           'Once',     5,    9,    'estimated 200 2 2200', 'a worker that has to end'),
  ('interrupted',  'interrupted',           '',         null, null, '0',                    'a start that got lost'),
  ('failed',       'provider_not_allowed',  '',         null, null, '0',                    'never called'),
  ('failed',       'provider_auth',         '',         5,    null, '0',                    'the key was refused'),
  ('failed',       'provider_rate_limited', '',         5,    null, '0',                    'the rate limit of the key'),
  ('failed',       'provider_refused',      '',         5,    null, '0',                    'the request was refused'),
  ('failed',       'context_exceeded',      '',         5,    null, '0',                    'it was too long'),
  ('failed',       'provider_error',        '',         5,    null, '0',                    'the provider failed'),
  ('failed',       'provider_error',        'Once',     5,    9,    'estimated 200 2 2200', 'it failed in the text'),
  ('failed',       'provider_error',        '',         5,    9,    'estimated 200 0 200',  'it failed in its reasoning'),
  ('failed',       'overloaded',            '',         5,    null, '0',                    'the worker had no room'),
  ('failed',       'overloaded',            'Once',     5,    9,    'estimated 200 2 2200', 'no room for more of the text'),
  ('failed',       'provider_timeout',      '',         5,    null, 'estimated 200 0 200',  'it was too slow, and may have begun'),
  ('failed',       'timeout',               '',         5,    null, 'estimated 200 0 200',  'it took too long'),
  ('failed',       'provider_bad_response', '',         5,    null, 'estimated 200 0 200',  'what came cannot be read'),
  ('failed',       'internal',              '',         5,    null, 'estimated 200 0 200',  'the relay failed, and the call was made'),
  ('failed',       'internal',              '',         null, null, '0',                    'it failed before')
) as m (status, code, content, overhead_ms, first_token_ms, wanted, description);

-- No code is forgotten above.
select set_eq($$ select e.code from relay.error_codes() e where e.ends $$, array[
  'provider_not_allowed', 'provider_auth', 'provider_rate_limited', 'provider_refused', 'context_exceeded',
  'provider_error', 'overloaded', 'provider_timeout', 'timeout', 'provider_bad_response', 'internal', 'interrupted'
], 'each code that a generation can end with is decided');

-- A report of some of it is taken for that.
create function pg_temp.reported(prompt_tokens integer, completion_tokens integer, total_tokens integer) returns text
language plpgsql as $$
declare
  v_found text;
begin
  perform tests.call_finish('first', prompt_tokens => reported.prompt_tokens,
    completion_tokens => reported.completion_tokens, total_tokens => reported.total_tokens);
  select concat_ws(' ', case when g.usage_is_estimated then 'estimated' end, g.prompt_tokens, g.completion_tokens,
    g.total_tokens) into v_found from relay.generations g;
  raise sqlstate 'UNDO1' using message = v_found;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.reported(prompt, completion, total), wanted, description) from (values
  (50, null, null, 'estimated 50 3 53',   'the prompt alone'),
  (null, 7, null,  'estimated 200 7 207', 'the answer alone'),
  (null, null, 90, 'estimated 87 3 90',   'the total alone'),
  (null, null, 2,  'estimated 0 2 2',     'a total that is less than the text'),
  (50, null, 90,   'estimated 50 40 90',  'prompt and total'),
  (50, 7, null,    '50 7',                'both'),
  (2147483647, null, null, 'estimated 2147483647 3 2147483647', 'as much as a column holds')
) as m (prompt, completion, total, wanted, description);

-- What continues an answer pays for what is new.
update relay.generations set continued_units = 5, text_units = 5;
insert into relay.chunks values ('first', 0, 5, 'Once ');
select tests.call_finish('first', 'upon a time.', overhead_ms => 5);
select is(completion_tokens, 4, '12 bytes, without those of the old answer') from relay.generations;

rollback to start; -- No estimate is shown for a report.
select is(tests.call_finish('first', overhead_ms => 5) ? 'cost', false, 'its worker gets no cost');
select results_eq('select * from tests.days()', array['model of bot: 1 1 200 0 3 0 0.0032'], 'the day has one, and says so');
-- How long it took is another matter.
select is((
  select jsonb_object_agg(c.key, c.value)
  from jsonb_each(tests.all_counted()) c
  where c.key not like 'generation_duration%'
), '{
  "generations_ended_total{\"outcome\": \"completed\"}": 1,
  "estimated_tokens_total{\"kind\": \"prompt\"}": 200, "estimated_tokens_total{\"kind\": \"completion\"}": 3,
  "cost_total{\"basis\": \"estimate\"}": 0.0032, "relay_overhead_seconds_sum": 0.005,
  "relay_overhead_seconds_bucket{\"le\": \"0.005\"}": 1
}', 'the counters keep it apart');

rollback to start; -- Nor learned from.
select tests.call_begin('owner', 'second', repeat('x', 6000), parent_is_given => true);
select tests.call_finish('second', repeat('y', 3000), overhead_ms => 5);
select is_empty('select * from relay.models', 'the ratio is that of reports alone');
select is(usage, null, 'the message has no usage') from public.messages where stream_id = 'second';
select is_empty('select * from tests.unsettled()', 'the days are the sum');

select * from finish(); rollback;
