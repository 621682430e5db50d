begin; select plan(9);
select tests.given_tale('owner');
create function pg_temp.usual() returns integer language sql as $$ select m.usual_reply_tokens from relay.models m $$;
create function pg_temp.answered(tokens integer, status text default 'completed') returns void language plpgsql as $$
declare
  v_id constant text := gen_random_uuid();
begin
  perform tests.call_begin('owner', v_id, conversation => 'tale', rate_limit => 99);
  perform tests.call_cancel('owner', v_id) where answered.status = 'cancelled';
  perform tests.call_finish(v_id, prompt_tokens => 20, completion_tokens => answered.tokens, total_tokens => 20 + answered.tokens);
end
$$;

select pg_temp.answered(200);
select is(pg_temp.usual(), 900, 'the first report moves what is expected of any model');
update relay.models set usual_reply_tokens = 400;
select pg_temp.answered(450);
select is(pg_temp.usual(), 400, 'one that is about as long teaches nothing');
select pg_temp.answered(800);
select is(pg_temp.usual(), 500, 'a longer one moves it by a quarter');
select pg_temp.answered(100);
select is(pg_temp.usual(), 450, 'a shorter one by an eighth');
select pg_temp.answered(0);
select pg_temp.answered(null);
select is(pg_temp.usual(), 450, 'none, or nothing, teaches nothing');
select pg_temp.answered(5, 'cancelled');
select is(pg_temp.usual(), 450, 'nor does one that was cancelled');
select pg_temp.answered(2000000000);
select ok(pg_temp.usual() <= 1000000, 'nor is there more than any model writes');

-- A memory is short.
update public.bots set memory = true;
update relay.models set usual_reply_tokens = 450;
select tests.call_begin_memory('owner', 'memory', 'first answer');
select tests.call_finish('memory', prompt_tokens => 20, completion_tokens => 5, total_tokens => 25);
select is(pg_temp.usual(), 450, 'a memory teaches nothing of answers');
select is((select count(*) from public.memories), 1::bigint, 'although it is written');

select * from finish(); rollback;
