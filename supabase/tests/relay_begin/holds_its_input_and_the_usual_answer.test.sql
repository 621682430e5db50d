begin; select plan(10);
select tests.given_tale('owner');
-- What a start holds beyond its input after a change of the bot or its model.
create function pg_temp.held_for_the_answer(change text, call text default '') returns integer language plpgsql as $$
begin
  execute change;
  execute format('select tests.call_begin(''owner'', ''first'', %s)', coalesce(nullif(call, ''), 'conversation => ''tale'''));
  raise sqlstate 'UNDO1' using message = (
    select reserved_tokens - ceil(context_bytes / bytes_per_token)::integer from relay.generations);
exception when sqlstate 'UNDO1' then
  return sqlerrm::integer;
end
$$;
select is(pg_temp.held_for_the_answer(change, call), wanted, description) from (values
  ('select 1', '', 1000, 'a model that has reported nothing is expected to answer with a page'),
  ($$ select tests.given_usual_reply('bot', 200) $$, '', 200, 'one that has reported, as usual'),
  ('update public.bots set reply_tokens = 50, context_tokens = 8000', '', 50, 'but never with more than its reply_tokens'),
  ($$ update public.bots set params = '{"max_tokens": 70}' $$, '', 70, 'or the limit among its params'),
  ('select 1', $$ reroll_of => 'first answer' $$, 1000, 'an answer that is written again holds the same'),
  ('select 1', $$ continue_of => 'first answer' $$, 1000, 'and one that goes on')
) as m (change, call, wanted, description);

select tests.call_begin('owner', 'given', conversation => 'tale', context_is_given => true, given_bytes => array[3000]);
select ok(tests.held_by('given') between 2000 and 2100, 'a context that is given counts by its bytes');
select is(reserved_cost, null, 'without a price it holds no money') from relay.generations;
select tests.given_price('model of bot', 2, 2, 10);
select tests.call_begin('owner', 'priced', parent => 'first answer');
select is(reserved_cost, (reserved_tokens - 1000) * 0.000002 + 1000 * 0.00001, 'with one, that of input and output')
from relay.generations where stream_id = 'priced';

select tests.call_begin('owner', 'plain', parent => 'first answer', max_concurrent => 9);
update public.bots set params = jsonb_build_object(
  'tools', repeat('t', 98), 'functions', repeat('f', 198), 'response_format', repeat('r', 298), 'user', 'x');
select tests.call_begin('owner', 'asked', parent => 'first answer', max_concurrent => 9);
select is(a.context_bytes - p.context_bytes, 600::bigint, 'what of the params the model reads is input')
from relay.generations a, relay.generations p where a.stream_id = 'asked' and p.stream_id = 'plain';

select * from finish(); rollback;
