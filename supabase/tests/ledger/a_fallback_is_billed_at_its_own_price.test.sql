begin; select plan(8);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner', now() - interval '1 day');
select tests.given_fallbacks('bot', 'second');
update public.bots set access_path = case id when tests.key('bot') then 'https://provider.example/v1'
  else 'https://other.example:8443/v1' end;
select tests.given_price('model of bot', 1, null, 1);
insert into relay.prices (host, model, input, output, valid_from) values ('other.example:8443', 'model of second', 3, 5, '-infinity');
select tests.call_begin('owner', 'a', conversation => 'tale');
create function pg_temp.finish() returns jsonb language sql as $$
  select tests.call_finish('a', answered_by => 'second', prompt_tokens => 1000, completion_tokens => 100, total_tokens => 1100,
    tried_bots => array['bot', 'second'], tried_codes => array['provider_error', 'answered'],
    start_at => case when (select g.status from relay.generations g) = 'interrupted' then 0 end)
$$;
create function pg_temp.billed() returns text language sql as $$
  select string_agg(concat_ws(' ', d.name, d.model, d.generations, d.tokens, d.cost), ', ')
  from (
    select case u.bot_id when tests.key('bot') then 'bot' else 'second' end as name, u.model, sum(u.generations) as generations,
      sum(u.prompt_tokens + u.completion_tokens) as tokens, sum(u.cost) as cost
    from public.usage_days u group by u.bot_id, u.model having sum(u.generations) <> 0 or sum(u.cost) <> 0
  ) d
$$;
-- 1000 × 3 + 100 × 5, for a million.
create function pg_temp.once() returns text language sql as $$ select 'second model of second 1 1100 0.0035' $$;
savepoint start;
select is((pg_temp.finish() ->> 'cost')::numeric, 0.0035, 'done has the cost');
select is(pg_temp.billed(), pg_temp.once(), 'the day, too, and nothing for the bot that failed');
select pg_temp.finish();
select is(pg_temp.billed(), pg_temp.once(), 'a second finish bills nothing');
select is(g.host || ' ' || g.model, 'other.example:8443 model of second', 'the generation is the fallback''s') from relay.generations g;

rollback to start; -- Its owner changes it while it answers.
update public.bots set access_path = 'https://provider.example/v1', model = 'model of bot' where id = tests.key('second');
select pg_temp.finish();
select is(pg_temp.billed(), pg_temp.once(), 'what was asked is billed, also where the fallback was changed');

rollback to start; -- Or deletes it.
delete from public.bots where id = tests.key('second');
select pg_temp.finish();
select is(pg_temp.billed(), pg_temp.once(), 'or deleted');

rollback to start; -- A worker that was cut off.
select tests.given_text('a', 'Once');
select tests.back_date('a', interval '16 seconds');
select tests.call_sweep();
select pg_temp.finish();
select is(pg_temp.billed(), pg_temp.once(), 'after a sweep the estimate for the bot is taken back');
select is(sum(u.generations)::integer, 1, 'and it counts once') from public.usage_days u;

select * from finish(); rollback;
