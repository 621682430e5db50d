begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('second', 'owner', now() - interval '1 day');
select tests.given_bot('third', 'owner', now() - interval '1 day');
select tests.given_fallbacks('bot', 'second', 'third');
update public.bots set access_path = 'https://provider.example/v1';
select tests.given_usual_reply('bot', 200);
-- Whom a start would ask, or why it is refused.
create function pg_temp.asks(stream_id text) returns text language sql as $$
  select coalesce(a.answer ->> 'code', concat_ws(', ', 'bot', (
    select string_agg(replace(f ->> 'model', 'model of ', ''), ', ' order by index)
    from jsonb_array_elements(a.answer -> 'fallbacks') with ordinality as e (f, index)
  )))
  from (select tests.call_begin('owner', asks.stream_id, conversation => 'tale', parent_is_given => true) as answer) a
$$;
savepoint start;

-- A bot of one's own that fails is no way around the budget of another one.
select tests.given_budget('day', 2000, bot => 'second');
select is(pg_temp.asks('a'), 'bot, second, third', 'a fallback whose budget has room is asked');
update relay.budgets set tokens = 2 * tests.held_by('a') - 1;
select is(pg_temp.asks('b'), 'bot, third', 'what another start may need of it is held');
select tests.call_finish('a');
select is(pg_temp.asks('c'), 'bot, second, third', 'until the bot itself has answered');

rollback to start; -- A shared one, too.
select tests.given_budget('day', 2000, bot => 'second', is_shared => true), tests.given_usage('owner', 1990, bot => 'second');
select is(pg_temp.asks('a'), 'bot, third', 'also where all users share it');

rollback to start; -- The bot's own budget is that of its answers.
select tests.given_budget('day', 2000, bot => 'bot'), tests.given_usage('owner', 1990, bot => 'second');
select is(pg_temp.asks('a'), 'bot, second, third', 'a fallback''s answer counts in the fallback''s');
select tests.given_usage('owner', 1990);
select is(pg_temp.asks('b'), 'budget_exceeded', 'a bot without room is not begun with');

rollback to start; -- The price.
select tests.given_price('model of bot', 1, null, 1), tests.given_price('model of second', 50, null, 50);
select tests.given_budget('day', cost => 0.015);
select is(pg_temp.asks('a'), 'bot, second, third', 'the dearer one has room');
select is(g.reserved_cost, relay.cost_of('provider.example', 'model of second', now(), g.reserved_tokens, 0, 0), 'its price is held')
from relay.generations g;
select is(pg_temp.asks('b'), 'bot, third', 'a second time it has none, and the bot has');
rollback to start;
select tests.given_price('model of bot', 1, null, 1), tests.given_price('model of second', 50, null, 50);
select tests.given_budget('day', cost => 0.001, is_shared => true);
select is(pg_temp.asks('a'), 'bot, third', 'nor is it asked where all users have too little left');
select is(b.shared_cost, g.reserved_cost, 'what all hold is the bot''s price then') from relay.budgets b, relay.generations g;

rollback to start; -- A free bot.
select tests.given_price('model of second', 50, null, 50), tests.given_budget('day', cost => 0);
select is(pg_temp.asks('a'), 'bot, third', 'one that costs nothing is asked, and nothing that costs money in its place');

select * from finish(); rollback;
