begin; select plan(9);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner', now() - interval '1 day');
select tests.given_bot('second', 'owner', now() - interval '1 day');
select tests.given_bot('third', 'owner', now() - interval '1 day');
select tests.given_fallbacks('bot', 'second'), tests.given_fallbacks('other bot', 'third');
create function pg_temp.answer_hook(answer jsonb) returns void language plpgsql as $$
begin
  execute format('create or replace function relay.admission_hook(event jsonb) returns jsonb language sql
    as $body$ select %L::jsonb $body$', answer);
end $$;
create function pg_temp.begins(stream_id text, preview boolean default false) returns jsonb language sql as $$
  select tests.call_begin('owner', begins.stream_id, conversation => 'tale', parent_is_given => true, preview => begins.preview)
$$;
select pg_temp.answer_hook(jsonb_build_object('bot_id', tests.key('other bot'), 'rate_limit', 3, 'instructions', 'Be short.'));
select tests.given_price('model of other bot', 1, null, 1);
update public.bots set access_path = 'https://provider.example/v1';
savepoint start;

select is(answer -> 'fallbacks' -> 0 ->> 'model', 'model of third', 'the fallbacks are those of the bot that answers')
from (select pg_temp.begins('a') as answer) begun;
select is(g.reserved_cost, relay.cost_of('provider.example', 'model of other bot', now(), g.reserved_tokens, 0, 0),
  'and so is the price that is held') from relay.generations g;
select is((pg_temp.begins('b') #>> '{rate,limit}')::integer, 3, 'its limit is the hook''s');
select pg_temp.begins('c');
select is(pg_temp.begins('d') ->> 'code', 'rate_limited', 'which holds');

rollback to start; -- Budgets.
select tests.given_budget('day', 10, bot => 'bot');
select is(pg_temp.begins('a') ->> 'outcome', 'admitted', 'a budget of the bot that does not answer is not asked');
select tests.given_budget('day', 10, bot => 'other bot');
select is(pg_temp.begins('b') ->> 'code', 'budget_exceeded', 'that of the one that does is');
create temp table before as select tests.everything() as everything;
select is(pg_temp.begins('c', preview => true) ->> 'bot_id', tests.key('other bot')::text, 'a preview needs none');
select is(tests.everything(), everything, 'and holds nothing') from before;
update relay.budgets set tokens = null, cost = 0 where bot_id = tests.key('other bot');
select is(pg_temp.begins('d') #>> '{budget,unit}', 'cost', 'in money by the price of that bot');

select * from finish(); rollback;
