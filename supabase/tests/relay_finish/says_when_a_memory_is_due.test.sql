begin; select plan(11);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_conversation('tale', 'owner', 'bot');
-- A room of 4,050 bytes less 30, and messages of 200: 15 of them are 0.7 of it, and 11 are half.
update public.bots set context_tokens = 2000, system_prompt = null, memory = true;
select tests.given_turns('tale', 6, 188);
create function pg_temp.answered(stream_id text, status text default 'completed') returns jsonb language sql as $$
  select tests.call_begin('owner', answered.stream_id, repeat('x', 188), conversation => 'tale', rate_limit => 99);
  select tests.call_finish(answered.stream_id, repeat('x', 188), answered.status, case answered.status
    when 'completed' then 'stop' when 'failed' then 'error' else answered.status end, case answered.status
    when 'failed' then 'provider_error' when 'interrupted' then 'interrupted' end)
$$;

select is(pg_temp.answered('s7') ? 'memory_due', false, 'none is due while the path is shorter');
savepoint start;
select is(pg_temp.answered('s8') -> 'memory_due', to_jsonb(tests.key('a2')), 'then one is, so that half of the room stays text');
select is(tests.call_finish('s8') ? 'memory_due', false, 'it is said once');
select is(pg_temp.answered('s9') -> 'memory_due', to_jsonb(tests.key('a3')), 'and again after the next answer, if it was not written');

-- One that is written, by the bot or by the user.
select tests.given_memory('a4', 'four turns');
select is(pg_temp.answered('s10') ? 'memory_due', false, 'the path since the last memory counts');
delete from public.memories;
select tests.call_begin_memory('owner', 'm', 'a4');
select is(pg_temp.answered('s11') ? 'memory_due', false, 'while one is written, no other is begun on the path');
select tests.back_date('m', interval '1 minute');
select is(pg_temp.answered('s12') ? 'memory_due', true, 'but for one whose worker is dead');

rollback to start; -- Only where it is wanted, and makes sense.
select is(pg_temp.answered('s8', 'failed') ? 'memory_due', false, 'not while the provider fails');
rollback to start;
update public.bots set memory = false;
select is(pg_temp.answered('s8') ? 'memory_due', false, 'not where the bot does not want it');
rollback to start;
update public.bots set context_tokens = null;
select is(pg_temp.answered('s8') ? 'memory_due', false, 'not where no window is known');
rollback to start;
update public.bots set system_prompt = repeat('x', 5000);
select is(pg_temp.answered('s8') ? 'memory_due', false, 'not where the instructions leave no room');

select * from finish(); rollback;
