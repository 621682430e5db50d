begin; select plan(7);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
update public.bots set context_tokens = 2000, system_prompt = null;

-- The room has 4,050 bytes, a step of the cut 2,019. What is the bot's goes with the user's before it.
select is(relay.cut_given('{100,0,100}', 12, 4050), 0, 'what fits is left as it is');
select is(relay.cut_given(array[2100, 0, 2000, 50], 12, 4050), 2, 'a step is left out, up to a message of the user''s');
select results_eq(
  $$ select relay.cut_given(array_fill(400, array[n]), 12, 4050) from generate_series(9, 17) n $$,
  array[0, 0, 6, 6, 6, 6, 6, 11, 11], 'while it grows, it begins in the same place for long');
select is(relay.cut_given(array[3000, 5000], 12, 4050), 1, 'the prompt is never left out');

create temp table begun as select tests.call_begin('owner', 'a', repeat('x', 38), context_is_given => true,
  given_bytes => array[2100, 0, 2000, 50]) as answer;
select is(answer -> 'left_out', '2', 'the worker knows how many are left out') from begun;
select is(context_bytes, 12 + 2050::bigint, 'what is sent is counted') from relay.generations;
select is(context_messages, 2, 'in messages, too') from relay.generations;

select * from finish(); rollback;
